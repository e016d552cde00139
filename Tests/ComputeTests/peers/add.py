"""Golden numbers of Add: python3 add.py (needs torch)."""

from pattern import case, write

write(
    "Add.json",
    [
        case("same", lambda a, b: a + b, [((2, 3), -1, 1), ((2, 3), -1, 1)], {0, 1}),
        case("broadcast", lambda a, b: a + b, [((2, 3, 4), -1, 1), ((3, 1), -1, 1)], {0, 1}),
    ],
)
