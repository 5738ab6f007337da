"""Which events are listed."""

from time import process_time

from portal.domain import listing
from tests.support.events import make_event

WORDS = "Een robot leert lezen, één woord per keer. "


def test_a_search_of_many_words_takes_no_longer_than_one_of_few() -> None:
    events = [make_event(slug=str(number), text=f"{number} {WORDS * 140}") for number in range(40)]
    began = process_time()
    assert len(listing.chosen(events, events[0].starts, q="e " * 1800)) == 40
    assert process_time() - began < 2, "it took 47 seconds"


def test_a_search_follows_the_text_as_it_is_now() -> None:
    event = make_event(text="Oud")
    again = make_event(text="Nieuw")
    assert listing.chosen([event], event.starts, q="oud")
    assert not listing.chosen([again], event.starts, q="oud")
    assert listing.chosen([again], event.starts, q="nieuw nascholing")
