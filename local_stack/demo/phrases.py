"""What the demo's customers say: fragments by theme and mood, written for cxloop and taken from nobody."""

from __future__ import annotations

POSITIVE: dict[str, tuple[str, ...]] = {
    "delivery": (
        "The parcel came a day earlier than promised",
        "Delivery was quick and the driver rang before he came",
        "Everything arrived well packed and on time",
        "I could follow the parcel all the way to my door",
        "Same-day delivery worked without a hitch",
    ),
    "staff": (
        "The lady at the counter took her time and knew her subject",
        "Very friendly staff who really listened",
        "The team sorted my question out in two minutes",
        "I was welcomed warmly and helped at once",
        "Competent advice without any pressure to buy",
    ),
    "app": (
        "The new app is fast and finally easy to use",
        "Ordering in the app takes me less than a minute",
        "Love the clean look and the dark mode",
        "Signing in with my fingerprint works great",
        "The last update fixed everything that annoyed me",
    ),
    "price": (
        "Great value for the money",
        "Fair prices and honest discounts",
        "Cheaper than elsewhere and the quality is better",
        "The loyalty bonus is generous",
    ),
    "product": (
        "The quality is excellent",
        "Exactly as described and well made",
        "I have used it every day and it still looks new",
        "Best coffee machine I ever owned",
        "Sturdy, beautiful and simple to clean",
    ),
    "support": (
        "Support answered within minutes and solved it",
        "One call and the problem was gone",
        "The chat agent was patient and kind",
        "They called me back as promised",
    ),
}

NEGATIVE: dict[str, tuple[str, ...]] = {
    "delivery": (
        "My parcel is two weeks late and nobody knows where it is",
        "The delivery date was moved three times without a word",
        "The box arrived crushed and half of the order was missing",
        "The courier never rang and left the parcel in the rain",
        "Waited at home all day and the delivery did not come",
        "Tracking has shown the same depot for nine days",
    ),
    "staff": (
        "Staff were rude and rolled their eyes at my question",
        "Nobody in the shop felt responsible",
        "I was ignored for twenty minutes at the counter",
        "The manager promised to call and never did",
    ),
    "app": (
        "The app crashes every time I open the basket",
        "Since the update I cannot log in any more",
        "Payment in the app fails and the money is gone anyway",
        "The app is slow and drains my battery",
        "Checkout freezes on the last step",
    ),
    "price": (
        "Far too expensive for what you get",
        "The price went up again and the service did not",
        "I was charged twice and nobody refunds me",
        "Hidden fees at the end of the order are annoying",
    ),
    "product": (
        "It broke after three days",
        "Cheap plastic, nothing like the picture",
        "The second one I return for the same defect",
        "The machine leaks and smells of burnt rubber",
    ),
    "support": (
        "I have been waiting for an answer to my e-mail for ten days",
        "The hotline hung up on me after forty minutes in the queue",
        "Every agent tells me something different",
        "Support closed my ticket without solving anything",
    ),
}

NEUTRAL: tuple[str, ...] = (
    "It was okay",
    "Nothing special, it does what it should",
    "I ordered the usual things",
    "Average, some things good, some less so",
    "No strong opinion so far",
    "Delivery took four days",
)

BUT: tuple[str, ...] = (", but ", ". On the other hand: ", ", yet ")

CLOSERS_POSITIVE: tuple[str, ...] = ("", "", "", " Thank you!", " Will come again.", " Keep it up.", " 👍")
CLOSERS_NEGATIVE: tuple[str, ...] = (
    "",
    "",
    "",
    " I want my money back.",
    " I am going to cancel.",
    " Please call me.",
    " Never again.",
    " 😡",
)
