"""Every refusal of an operation screen says what, where, how much, who, and what to do.

One row a refusal: how it comes about, and what its sentence must name. Where nobody is to blame (a quantity that rounds
to nothing), it names what there is to choose instead.
"""

import re
from datetime import timedelta

import pytest
from django.conf import settings
from django.db import transaction
from django.urls import reverse

from apps.inventory.models import StockOperation
from apps.inventory.services import periods
from apps.inventory.tests import refusing, refusing_papers
from apps.inventory.tests.refusing import House
from backoffice.kernel import clock

pytestmark = pytest.mark.django_db


@pytest.fixture
def house(as_owner, django_user_model) -> House:
    olga = django_user_model.objects.create(username="olga", name="Olga")
    return House(olga, as_owner)


def refused(house: House, happens: str) -> str:
    """What is answered when that happens."""
    answer: str = (getattr(refusing, happens, None) or getattr(refusing_papers, happens))(house)
    return answer


SCREENS: dict[str, list[str]] = {
    "transfer_more_than_is_free": ["BUN, lot A1, at Shop", "10 on hand", "6 held", "4 available", "5 un asked", "Ana",
                                  "Take 4"],
    "waste_what_is_held": ["BUN, lot A1, at Shop", "6 held", "5 un asked", "Held by Ana (6 un)", "It is really gone"],
    "waste_for_no_reason_of_the_house": ["“Mice” is no reason of the house any more", "Choose another one"],
    "waste_more_than_there_is": ["BUN, lot A1, at Shop", "10 on hand", "11 un asked", "Ana", "Take 4"],
    "adjust_below_what_is_held": ["BUN, lot A1, at Shop", "6 held", "Held by Ana (6 un)", "It is really gone"],
    "send_back_what_is_held": ["BUN, lot A1, at Shop", "4 available", "5 un asked", "Ana", "Take 4"],
    "reverse_what_is_held": ["BUN, lot A1, at Shop", "4 available", "10 un asked", "Ana"],
    "reverse_twice": ["was reversed before, by Olga in S-", "nothing left to reverse"],
    "split_more_than_there_is": ["BUN, lot A1, at Shop", "10 on hand", "11 un asked"],
    "release_a_hold_that_ended": ["6 un of Bun for Ana", "released since", "look at what is held"],
    "reallocate_a_hold_that_ended": ["6 un of Bun for Ana", "released since", "look at what is held"],
    "reallocate_to_a_blocked_lot": ["Lot B1 of Bun is blocked since", "by Olga", "9 un at Shop", "6 un asked",
                                   "Take another lot"],
    "reallocate_to_a_lot_that_has_expired": ["Lot A1 of Bun is good until", "10 un at Shop", "6 un asked",
                                             "write off what is too old"],
    "reallocate_to_a_lot_that_expires_before": ["Lot A1 of Bun is good until", "10 un at Shop",
                                               "6 un asked", "Take another lot"],
    "waste_what_rounds_to_nothing": ["Bun", "0.2 un rounds to nothing", "steps of 1 un", "Enter at least"],
    "transfer_what_rounds_to_nothing": ["Bun", "0.2 un rounds to nothing", "steps of 1 un", "Enter at least"],
    "receive_under_a_blocked_lot": ["Lot A1 of Bun is blocked since", "by Olga", "another lot code"],
    "post_a_count_that_was_overtaken": ["BUN, lot A1 at Shop", "2 un counted", "10 un", "only 1 un is left",
                                       "Count that line again"],
    "change_the_rules_that_another_changed": ["Olga"],
    "adjust_what_rounds_to_nothing": ["Bun: 0.2 un rounds to nothing", "steps of 1 un", "Enter at least"],
    "adjust_to_what_the_book_says": ["Bun at Shop: the book says 10 un already", "nothing to adjust"],
    "adjust_below_zero": ["Bun at Shop: a count is not below zero", "0 when nothing is"],
    "adjust_when_the_book_went_on": ["Bun at Shop: the book said 10 un", "says 9 un now", "1 un, Shop → Waste",
                                     "by Olga, S-", "say what is there now"],
    "send_back_what_was_made_here": ["1 un of Bun, lot M1 at Shop: it was made here", "Write it off as waste"],
    "send_back_what_rounds_to_nothing": ["Bun: 0.2 un rounds to nothing", "steps of 1 un"],
    "split_what_rounds_to_nothing": ["Bun: 0.2 un rounds to nothing", "steps of 1 un"],
    "split_what_is_held": ["BUN, lot A1, at Shop", "6 held", "4 available", "5 un asked", "Ana", "Take 4"],
    "split_under_a_code_that_is_taken": ["Lot A1 of Bun is there already", "another lot code"],
    "merge_what_is_held": ["BUN, lot A1, at Shop", "6 held", "10 un asked", "Ana"],
    "merge_into_what_lasts_longer": ["C1 lasts longer than A1", "expires first"],
    "merge_with_a_blocked_lot": ["A1 is in the state “released”, C1 in “blocked”", "Release or block"],
    "merge_with_a_lot_of_another_grade": ["A1 is of first grade, C1 of second grade", "same grade first"],
    "merge_with_a_lot_that_is_marked_down": ["A1 is marked down by 0 %, C1 by 20 %", "same markdown first"],
    "transfer_to_a_place_that_was_closed": ["Cellar is closed since", "by Olga", "3 un of Bun", "another place",
                                           "Look at Cellar"],
    "transfer_to_where_it_is": ["3 un of Bun", "at Shop already", "choose another"],
    "transfer_what_is_used_up": ["Nothing is left of lot A1, Bun. The last of it: 10 un, Shop → Waste", "by Olga, S-",
                                 "Take another lot", "count it"],
    "transfer_what_lies_elsewhere": ["“A1” does not lie at Cellar; it lies at: Shop", "Choose one"],
    "transfer_what_may_be_two_things": ["“a1” is a lot of Bun and the code of Cake", "Pick from the list"],
    "transfer_what_nobody_has": ["no stock with the code or name “NOBODY”", "Scan it again, or pick it"],
    "transfer_to_nowhere": ["no place with the code or name “NOWHERE”", "Scan it again, or pick it"],
    "transfer_in_a_unit_of_something_else": ["“2 cx”: Bun comes in un, Tray", "Write one of these"],
    "transfer_more_than_all_layers_have": ["SALT at Shop: 10 on hand, 3 held (1 hold), 7 available; 8 un asked", "Ana",
                                           "Take 7 un"],
    "waste_what_is_held_of_all_layers": ["SALT at Shop: 10 on hand, 3 held (1 hold)", "8 un asked",
                                         "Held by Ana (3 un)", "It is really gone"],
    "transfer_a_place": ["is a place, Shop", "Scan the lot or the product"],
    "transfer_to_a_product": ["“BUN” is Bun, not a place", "Scan the place"],
    "reverse_into_a_place_that_was_closed": ["Cellar is closed since", "by Olga", "3 un of Bun", "open it again"],
    "reverse_what_was_sold": ["BUN, lot K1, at Shop", "1 on hand", "3 un asked"],
    "receive_at_a_place_that_was_closed": ["Cellar is closed since", "by Olga", "3 un of Bun", "another place",
                                          "Look at Cellar"],
    "receive_what_rounds_to_nothing": ["Bun: 0.2 un rounds to nothing", "steps of 1 un", "Enter at least"],
    "receive_in_words": ["“2 cx” is not a number.", "Type the number alone; the pack is chosen beside it."],
    "receive_nothing": ["Above zero; remove the line"],
    "receive_a_pack_of_something_else": ["3 Bag: that is no pack of Bun", "un, Tray", "choose one"],
    "receive_a_pack_that_is_gone": ["3 of a pack that is gone", "no pack of Bun", "choose one"],
    "receive_what_has_expired": ["Bun would have expired on", "before it came", "Look at the date"],
    "receive_under_a_lot_of_another_day": ["Lot A1 of Bun expires", "Use another lot code"],
    "receive_without_expiry": ["Expiry is needed for Bun. Suggested", "4 days", "Use it"],
    "count_between_two_steps": ["Bun is counted in steps of 1 un", "7.5 un lies between two", "Enter whole steps"],
    "count_what_another_counted": ["Bun, Shop: Olga wrote down 4 un in the meantime. Nothing was replaced."],
    "count_in_a_count_that_is_posted": ["is posted since", "by Olga", "nothing more is counted in it", "new count"],
    "post_a_count_twice": ["is posted since", "by Olga", "Start a new count"],
    "close_a_place_with_stock": ["Shop still has stock: 10 un of Bun", "Move it away first", "See what is there"],
    "change_a_place_that_another_changed": ["Olga", "Deep cellar", "Cold cellar"],
    "receive_into_a_closed_period": ["3 un of Bun, Suppliers → Shop", "Nothing is posted on", "by Olga", "Post it"],
    "block_what_is_blocked": ["Lot A1 of Bun", "“blocked” already since", "by Olga (Smell)", "release it"],
    "transfer_what_lies_in_two_places": ["“A1” lies in 2 places: Cellar, Shop", "Say which", "Where it lies"],
    "close_days_that_are_closed": ["closed through", "already", "open the period again"],
    "open_days_that_another_closed_meanwhile": ["is closed through", "by now, by Olga", "Nothing was opened"],
    "correct_what_another_corrects": ["is being corrected already, in CC-", "by Olga", "Apply or discard", "Open CC-"],
    "apply_what_was_corrected_meanwhile": ["Bun of S-", "costs R$ 10.00 by now, not R$ 9.00", "Discard this"],
    "apply_what_was_taken_back_meanwhile": ["was taken back by S-", "nothing of it is left to correct"],
}  # fmt: skip


@pytest.mark.parametrize("happens", SCREENS)
def test_a_screen_refuses_in_full(house, happens):
    answer, said = refused(house, happens), SCREENS[happens]
    assert [part for part in said if part not in answer] == []
    # What was typed is still there, to be mended.
    assert [text for text in house.typed if text not in answer] == []


# Where the sentence stands: below the field that it is about.
BESIDE = {
    "transfer_more_than_is_free": ("quantity", "5 un asked"),
    "waste_what_is_held": ("quantity", "Held by Ana"),
    "adjust_below_what_is_held": ("counted", "Held by Ana"),
    "adjust_when_the_book_went_on": ("counted", "says 9 un now"),
    "send_back_what_is_held": ("quantity", "5 un asked"),
    "send_back_what_was_made_here": ("stock", "made here"),
    "transfer_to_a_place_that_was_closed": ("destination", "closed since"),
    "transfer_to_where_it_is": ("destination", "already"),
    "transfer_in_a_unit_of_something_else": ("quantity", "“2 cx”"),
    "transfer_what_is_used_up": ("stock", "Nothing is left"),
    "split_under_a_code_that_is_taken": ("code", "another lot code"),
    "waste_for_no_reason_of_the_house": ("reason", "“Mice” is no reason of the house any more"),
    "receive_under_a_blocked_lot": ("line-0-lot_code", "blocked since"),
    "receive_under_a_lot_of_another_day": ("line-0-lot_code", "another lot code"),
    "receive_what_has_expired": ("line-0-expires_on", "before it came"),
    "receive_what_rounds_to_nothing": ("line-0-quantity", "rounds to nothing"),
    "receive_a_pack_of_something_else": ("line-0-pack", "no pack of Bun"),
    "receive_at_a_place_that_was_closed": ("location", "closed since"),
    "receive_into_a_closed_period": ("came_on", "Nothing is posted on"),
}


@pytest.mark.parametrize("happens", BESIDE)
def test_the_sentence_stands_beside_its_field(house, happens):
    answer, (name, said) = refused(house, happens), BESIDE[happens]
    beside = answer.partition(f'id="id_{name}_error"')[2].partition("</span>")[0]
    assert said in beside


def test_no_refusal_leads_to_another_one(house, as_user):
    """Who may not see the stock is told who has it all the same, without a link."""
    house.client = as_user("inventory.transfer_stock", "inventory.receive_stock", username="porter")
    text = refused(house, "transfer_more_than_is_free")
    assert '<span class="tag">Held by Ana</span>' in text
    assert "Take 4 un" in text
    for answer in (text, refused(house, "transfer_to_a_place_that_was_closed")):
        assert 'class="btn sm" href="/stock/' not in answer


# What cannot come about on a screen is not in the table above, and why.
NEVER = {
    "closed period": "only what came may be posted on another day, and says so (test_by_hand); the others post now",
    "expired": "what is too old may be moved, counted, wasted, sent back; it is refused where it is sold or used",
}


def test_what_is_posted_by_hand_is_posted_now(house):
    """A day in the form of a screen is nobody's: the book cannot be reached behind its lock."""
    periods.close(clock.today() - timedelta(days=1))
    day = (clock.now() - timedelta(days=5)).isoformat()
    url = reverse("inventory:waste")
    house.client.post(url, {"stock": "A1", "quantity": "1", "reason": "Spoiled", "occurred_at": day})
    assert clock.local(StockOperation.objects.get(kind="waste").occurred_at).date() == clock.today()


def _sentences() -> list[str]:
    """What the guide says that refusals say, with … for what differs each time."""
    guide = (settings.BASE_DIR / "docs" / "guide" / "stock.md").read_text()
    rows = guide.split("## What refusals say", 1)[1].splitlines()
    return [found for row in rows if row.startswith("| *") for found in re.findall(r"\*(.+?)\*", row.split("|")[1])]


def _pattern(sentence: str) -> re.Pattern[str]:
    """The sentence, where … stands for a few words of the same line."""
    return re.compile(r"[^\n]{1,60}?".join(re.escape(part.strip()) for part in sentence.split("…") if part.strip()))


def test_the_guide_quotes_what_is_said(house):
    wanted = {text: _pattern(text) for text in _sentences()}
    assert len(wanted) >= 20
    for happens in SCREENS:
        if not wanted:
            break
        with transaction.atomic():
            answer = re.sub(r"<[^>]*>", "\n", refused(house, happens))
            transaction.set_rollback(True)
        house.lot.refresh_from_db()
        house.hold.refresh_from_db()
        house.cellar.refresh_from_db()
        house.bun.refresh_from_db()
        wanted = {text: pattern for text, pattern in wanted.items() if not pattern.search(answer)}
    assert "\n".join(sorted(wanted)) == ""
