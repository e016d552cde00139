"""The same pipeline gives the same bytes for any number of threads and any memory, and again an hour later."""
import hashlib

from support import *

EPOCH = {"SOURCE_DATE_EPOCH": "1700000000"}


def digests(example, *options, env=EPOCH):
    text = example.read_text()
    with Folder() as folder:
        place = folder / "pipelines"
        place.mkdir()
        # Relative inputs keep their meaning beside a copy.
        text = text.replace("../Tests/", f"{ROOT}/Tests/").replace("../../shared/", f"{ROOT.parent}/shared/")
        (place / example.name).write_text(text)
        result = isotach("run", example.name, *options, cwd=place, env=env)
        expect(result, 0)
        files = sorted((place / "out").glob("*.nc"))
        assert files, "no output"
        return {f.name: hashlib.sha256(f.read_bytes()).hexdigest() for f in files}


EXAMPLES = ["wind-climatology", "eurocordex-conservative", "jet-stream", "unpack", "calendar-360"]


def same(first, second, what):
    assert first == second, f"{what}: {[n for n in first if first[n] != second.get(n)]} differ"


def test_threads_1_and_2():
    for name in EXAMPLES:
        example = PIPELINES / f"{name}.yaml"
        same(digests(example, "--threads", "1"), digests(example, "--threads", "2"), name)


def test_any_memory():
    for name in EXAMPLES:
        example = PIPELINES / f"{name}.yaml"
        whole = digests(example, "--threads", "1", "--memory", "4GiB")
        for memory in ("100MiB", "128MiB", "300MiB"):
            same(whole, digests(example, "--threads", "2", "--memory", memory), f"{name} with {memory}")


def test_twice():
    example = PIPELINES / "wind-climatology.yaml"
    same(digests(example), digests(example), example.name)


if __name__ == "__main__":
    main(globals())
