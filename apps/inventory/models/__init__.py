from apps.inventory.models.alert import AlertChoice, AlertNotice, StockAlert
from apps.inventory.models.balance import StockBalance
from apps.inventory.models.cost import (
    CostChange,
    CostCorrection,
    CostCorrectionLine,
    DocumentCostChange,
    LotCostChange,
)
from apps.inventory.models.count import CountEntry, StockCount, StockCountLine
from apps.inventory.models.demand import DailyDemand, ExpectedArrival
from apps.inventory.models.hold import Hold, HoldAllocation
from apps.inventory.models.location import Location, PutAway
from apps.inventory.models.lot import Lot
from apps.inventory.models.operation import Move, StockOperation
from apps.inventory.models.policy import StockPolicy
from apps.inventory.models.purchasing import PurchaseLine, PurchaseOrder, PurchaseReceipt, Supplier, SupplierItem
from apps.inventory.models.reorder import ReorderRule
from apps.inventory.models.trend import StockTrend, TrendsKept

__all__ = [
    "AlertChoice",
    "AlertNotice",
    "CostChange",
    "CostCorrection",
    "CostCorrectionLine",
    "CountEntry",
    "DailyDemand",
    "DocumentCostChange",
    "ExpectedArrival",
    "Hold",
    "HoldAllocation",
    "Location",
    "Lot",
    "LotCostChange",
    "Move",
    "PurchaseLine",
    "PurchaseOrder",
    "PurchaseReceipt",
    "PutAway",
    "ReorderRule",
    "StockAlert",
    "StockBalance",
    "StockCount",
    "StockCountLine",
    "StockOperation",
    "StockPolicy",
    "StockTrend",
    "Supplier",
    "SupplierItem",
    "TrendsKept",
]
