from backoffice.transfers.models.run import TransferRow, TransferRowQuerySet, TransferRun

__all__ = ["TransferRow", "TransferRowQuerySet", "TransferRun"]
