"""Wrong pipelines: exit 78, every fault at once with its line, nothing written."""
from support import *


def refused(text, *expected, command="run", extra=(), files=None):
    """Runs a pipeline that must be refused, for `check` and `run`; what is expected stands in stderr."""
    for command in ("check", "run"):
        with Folder() as folder:
            for name, content in (files or {}).items():
                shutil.copy(content, folder / name)
            (folder / "p.yaml").write_text(text)
            before = sorted(p.name for p in folder.rglob("*"))
            result = isotach(command, folder / "p.yaml", *(extra if command == "run" else ()), timeout=120)
            assert result.processor <= 30 and result.code == 78, f"{command}: expected exit 78, got {result}"
            for words in expected:
                for word in words if isinstance(words, tuple) else (words,):
                    assert word in result.err, f"{command}: `{word}` is not in:\n{result.err}"
            after = sorted(p.name for p in folder.rglob("*"))
            assert before == after, f"{command} wrote {set(after) - set(before)}"
    return result


def wind():
    return debian("uas_rectilinear_grid_2D.nc")


def pipeline(stages, inputs=None, outputs="  - {input: result, file: out.nc}"):
    inputs = inputs or f"  wind: {{files: {wind()}, variable: uas}}"
    return f"name: wrong\ninputs:\n{inputs}\nstages:\n{stages}\noutputs:\n{outputs}\n"


def test_unknown_key_with_a_suggestion():
    # Line 5: the stage.
    refused(pipeline("  - regrid: {input: wind, methode: bilinear, as: result}"), "p.yaml:5:", "methode", "method")


def test_unknown_stage_with_a_suggestion():
    refused(pipeline("  - regird: {input: wind, as: result}"), "p.yaml:5:", "regird", "regrid")


def test_unknown_key_at_the_top():
    refused(pipeline("  - rename: {input: wind, names: {uas: u}, as: result}").replace("name: wrong", "nmae: wrong"),
            "p.yaml:1:", "nmae", "name")


def test_duplicate_key():
    refused(pipeline("  - rename: {input: wind, input: wind, names: {uas: u}, as: result}"), "p.yaml:5:", "input")


def test_wrong_kind_of_value():
    refused(pipeline("  - rename: {input: wind, names: 7, as: result}"), "p.yaml:5:", "names")


def test_wrong_unit():
    refused(pipeline("  - convert: {input: wind, units: {uas: kg}, as: result}"), "p.yaml:5:", "m s-1", "kg")


def test_text_that_is_no_unit():
    refused(pipeline("  - convert: {input: wind, units: {uas: furlongsies}, as: result}"), "p.yaml:5:", "furlongsies")


def test_missing_variable_with_those_that_are_there():
    refused(pipeline("  - rename: {input: wind, names: {uas: u}, as: result}",
                     inputs=f"  wind: {{files: {wind()}, variable: uass}}"), "p.yaml:3:", "uass", "uas")


def test_missing_name_of_a_stream():
    refused(pipeline("  - rename: {input: winds, names: {uas: u}, as: result}"), "p.yaml:5:", "winds", "wind")


def test_two_calendars():
    nug = wind().parent
    refused(pipeline("  - stack: {inputs: [a, b], as: result}", inputs=(
        f"  a: {{files: {nug}/tas_mod2_hist_rectilin_grid_2D.nc, variable: tas}}\n"
        f"  b: {{files: {nug}/tas_mod1_hist_rectilin_grid_2D.nc, variable: tas}}")), "360_day", "proleptic_gregorian")


def test_two_calendars_in_one_input():
    nug = wind().parent
    refused(pipeline("  - rename: {input: a, names: {tas: t}, as: result}", inputs=(
        f"  a: {{files: [{nug}/tas_mod2_hist_rectilin_grid_2D.nc, {nug}/tas_mod1_rcp45_rectilin_grid_2D.nc],"
        f" variable: tas}}")), "360_day", "proleptic_gregorian")


def test_an_output_that_is_an_input():
    text = pipeline("  - rename: {input: wind, names: {uas: u}, as: result}",
                    inputs="  wind: {files: wind.nc, variable: uas}", outputs="  - {input: result, file: wind.nc}")
    refused(text, "wind.nc", files={"wind.nc": wind()})


def test_an_output_that_is_an_input_by_another_name():
    with Folder() as folder:
        shutil.copy(wind(), folder / "wind.nc")
        (folder / "link.nc").symlink_to("wind.nc")
        before = (folder / "wind.nc").read_bytes()
        (folder / "p.yaml").write_text(pipeline(
            "  - rename: {input: wind, names: {uas: u}, as: result}",
            inputs="  wind: {files: wind.nc, variable: uas}", outputs="  - {input: result, file: link.nc}"))
        expect(isotach("run", folder / "p.yaml"), 78)
        assert (folder / "wind.nc").read_bytes() == before, "the input was changed"


def test_two_outputs_of_one_name():
    refused(pipeline("  - rename: {input: wind, names: {uas: u}, as: result}",
                     outputs="  - {input: result, file: out.nc}\n  - {input: wind, file: out.nc}"), "out.nc")


def test_a_cycle():
    refused(pipeline("  - rename: {input: b, names: {uas: u}, as: a}\n  - rename: {input: a, names: {u: uas}, as: b}",
                     outputs="  - {input: b, file: out.nc}"), "p.yaml:5:", "`b`")


def test_an_alias_bomb():
    levels = "\n".join(f"x{i}: &x{i} [{', '.join([f'*x{i - 1}'] * 9)}]" for i in range(1, 12))
    result = refused("name: bomb\nx0: &x0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]\n" + levels + "\n")
    assert result.processor < 5, f"took {result.processor:.1f} s"


def test_deep_nesting():
    result = refused("name: deep\ninputs: " + "[" * 100000 + "]" * 100000 + "\n")
    assert result.processor < 5, f"took {result.processor:.1f} s"


def test_broken_yaml():
    refused("name: [\n  unclosed\nstages: }", "p.yaml:")


def test_an_empty_pipeline():
    refused("")


def test_no_text():
    with Folder() as folder:
        (folder / "p.yaml").write_bytes(bytes(range(256)) * 20)
        expect(isotach("run", folder / "p.yaml"), 78)


def test_all_faults_at_once():
    refused(pipeline("  - regrid: {input: wind, methode: bilinear, as: a}\n"
                     "  - convert: {input: wind, units: {uas: kg}, as: b}\n"
                     "  - rename: {input: nothing, names: {uas: u}, as: result}"),
            "p.yaml:5:", "p.yaml:6:", "p.yaml:7:", "methode", "kg", "nothing")


def test_an_unknown_parameter():
    refused(pipeline("  - rename: {input: wind, names: {uas: \"{nam}\"}, as: result}"), "p.yaml:5:", "nam")


def test_setting_a_parameter_that_is_not_declared():
    with Folder() as folder:
        (folder / "p.yaml").write_text(pipeline("  - rename: {input: wind, names: {uas: u}, as: result}"))
        result = isotach("run", folder / "p.yaml", "--set", "year=2001")
        assert result.code in (64, 78), result
        assert "year" in result.err, result
        assert [p.name for p in folder.iterdir()] == ["p.yaml"]


def test_a_missing_input_file():
    with Folder() as folder:
        (folder / "p.yaml").write_text(pipeline(
            "  - rename: {input: wind, names: {uas: u}, as: result}", inputs="  wind: {files: gone.nc, variable: uas}"))
        for command in ("check", "run"):
            result = isotach(command, folder / "p.yaml")
            assert result.code in (66, 78), result
            assert "gone.nc" in result.err, result


def test_a_missing_pipeline_file():
    expect(isotach("run", "/nowhere/p.yaml"), 66)


def test_wrong_usage():
    expect(isotach("run"), 64)
    expect(isotach("run", "--threads", "many", "x.yaml"), 64)
    expect(isotach("frobnicate"), 64)


def test_an_output_folder_that_cannot_be_written():
    # A file where a folder is wanted stops even root.
    with Folder() as folder:
        (folder / "blocked").write_text("a file")
        (folder / "p.yaml").write_text(pipeline("  - rename: {input: wind, names: {uas: u}, as: result}",
                                                outputs="  - {input: result, file: blocked/out.nc}"))
        result = isotach("run", folder / "p.yaml")
        assert result.code == 73, result
        assert "blocked" in result.err, result


if __name__ == "__main__":
    main(globals())
