import Stages
import TestSupport
import Testing

@testable import Pipelines

/// Decoding alone: nothing is opened.
@Suite struct SpecTests {
  private func load(_ text: String, settings: [(name: String, value: String)] = []) throws -> PipelineSpec {
    let folder = try TemporaryFolder()
    return try PipelineSpec.load(folder.write(text, to: "p.yaml"), settings: settings)
  }

  private func pipeline(
    inputs: String = "  a: {files: a.nc, variable: tas}", stages: String = "",
    outputs: String = "  - {file: out.nc}",
    more: String = ""
  ) -> String {
    "name: test\n\(more)inputs:\n\(inputs)\n" + (stages.isEmpty ? "" : "stages:\n\(stages)\n")
      + "outputs:\n\(outputs)\n"
  }

  /// Line, column and a part of the cause or remedy of the only fault.
  private func expect(_ text: String, _ place: String, _ words: String..., line: Int = #line) throws {
    let faults = try load(text).faults
    #expect(
      faults.count == 1, "\(faults)",
      sourceLocation: .init(fileID: #fileID, filePath: #filePath, line: line, column: 1))
    guard let fault = faults.first else { return }
    #expect(
      fault.mark?.description == place, "\(fault)",
      sourceLocation: .init(fileID: #fileID, filePath: #filePath, line: line, column: 1))
    for word in words {
      #expect(
        fault.description.contains(word), "\(fault)",
        sourceLocation: .init(fileID: #fileID, filePath: #filePath, line: line, column: 1))
    }
    #expect(fault.code == .badPipeline)
  }

  @Test func aChainNeedsNoNames() throws {
    let spec = try load(
      pipeline(stages: "  - rename: {names: {tas: t}}\n  - rename: {names: {t: u}, as: end}"))
    #expect(spec.faults.isEmpty)
    #expect(spec.stages[0].streams["input"]?.first?.target == .input(0))
    #expect(spec.stages[1].streams["input"]?.first?.target == .stage(0))
    #expect(spec.outputs[0].input.target == .stage(1))
    #expect(spec.outputs[0].deflate == 4)
  }

  @Test func unknownKeysAreNamedWithTheNearest() throws {
    try expect(pipeline(more: "descripton: x\n"), "2:1", "`descripton`", "did you mean `description`?")
    try expect(pipeline(inputs: "  a: {files: a.nc, varible: x}"), "3:20", "`varible`", "`variable`")
    try expect(pipeline(stages: "  - renam: {names: {a: b}}"), "5:5", "no stage `renam`", "`rename`")
    try expect(pipeline(outputs: "  - {file: x.nc, compresion: 3}"), "5:18", "`compression`")
  }

  @Test func wrongKindsAndMissingKeys() throws {
    try expect(pipeline(stages: "  - rename: {names: 7}"), "5:21", "must be a mapping", "found `7`")
    try expect(pipeline(stages: "  - derive: {}"), "5:5", "needs the key `quantities`")
    try expect(pipeline(inputs: "  a: {files: a.nc, static: maybe}"), "3:28", "true or false", "`maybe`")
    try expect(pipeline(outputs: "  - {file: x.nc, compression: 11}"), "5:31", "0 to 9")
    try expect(pipeline(stages: "  - {rename: {names: {a: b}}, as: x}"), "5:31", "one key with its own keys")
  }

  @Test func namesMeanWhatStandsAbove() throws {
    let later =
      "  - rename: {input: b, names: {tas: t}, as: c}\n  - rename: {input: c, names: {t: u}, as: b}"
    try expect(pipeline(stages: later), "5:21", "`b` is made at 6:43", "a cycle")
    try expect(pipeline(stages: "  - rename: {input: x, names: {tas: t}, as: x}"), "5:21", "a cycle")
    try expect(
      pipeline(outputs: "  - {input: aa, file: x.nc}"), "5:13", "nothing above is called `aa`", "`a`")
    try expect(pipeline(stages: "  - rename: {names: {tas: t}, as: a}"), "5:35", "given twice")
  }

  @Test func anInputThatCannotBeGuessedIsAsked() throws {
    let two = "  a: {files: a.nc}\n  b: {files: b.nc}"
    try expect(pipeline(inputs: two, stages: "  - rename: {names: {tas: t}}"), "6:5", "which input", "a, b")
    let relief = "  a: {files: a.nc}\n  b: {files: b.nc, static: true}"
    #expect(try load(pipeline(inputs: relief, stages: "  - rename: {names: {tas: t}}")).faults.isEmpty)
  }

  @Test func parametersAreStrict() throws {
    let text = pipeline(
      inputs: "  a: {files: \"tas_{year}.nc\", variable: \"{{x}}\"}", more: "parameters: {year: 2006}\n")
    #expect(try load(text).inputs[0].files[0].text == "tas_2006.nc")
    #expect(try load(text).inputs[0].variables[0].text == "{x}")
    #expect(try load(text, settings: [("year", "2007")]).inputs[0].files[0].text == "tas_2007.nc")
    #expect(try load(text, settings: [("yaer", "2007")]).faults.first?.description.contains("`year`") == true)
    #expect(try load(text, settings: [("year", "next")]).faults.first?.cause.contains("is a number") == true)
    try expect(
      pipeline(inputs: "  a: {files: \"{yera}.nc\"}", more: "parameters: {year: 1}\n"), "4:14", "`year`")
    try expect(pipeline(inputs: "  a: {files: \"{stem}.nc\"}"), "3:14", "`{stem}` stands only")
    // Alone in its scalar, a parameter keeps its kind.
    let level = pipeline(
      outputs: "  - {file: x.nc, compression: \"{level}\"}", more: "parameters: {level: 7}\n")
    #expect(try load(level).outputs[0].deflate == 7)
  }

  @Test func stemsMakeItems() throws {
    let spec = try load(pipeline(outputs: "  - {file: \"out/{stem}_x.nc\"}"))
    #expect(spec.hasItems && spec.itemInput == 0)
    #expect(spec.outputs[0].file.path(stem: "tas_1") == "out/tas_1_x.nc")
    try expect(pipeline(outputs: "  - {file: \"{stem}.nc\"}\n  - {file: y.nc}"), "6:12", "no `{stem}`")
  }

  @Test func allFaultsAtOnce() throws {
    let text = pipeline(
      inputs: "  a: {file: a.nc}",
      stages: "  - rename: {name: {a: b}}\n  - nothing: {}\n  - rename: {input: z, names: {a: b}}",
      outputs: "  - {input: q, file: http://x/y.nc}", more: "nmae: x\n")
    let faults = try load(text).faults
    #expect(Set(faults.compactMap(\.mark?.line)).isSuperset(of: [2, 4, 6, 7, 8, 10]), "\(faults)")
    #expect(Faults(faults).code == .badPipeline)
  }

  @Test func metadataOfTheProgramItselfIsRefused() throws {
    try expect(pipeline(more: "metadata: {history: x}\n"), "2:12", "written by the program itself")
    try expect(pipeline(more: "metadata: {\"a b\": x}\n"), "2:12", "name of an attribute")
  }

  @Test func textThatSteersATerminalIsSpelled() {
    #expect("a\u{1B}[31m\u{202E}b\n".escapedForDisplay == "a\\u{1B}[31m\\u{202E}b\\n")
    let fault = Fault(.badData, "bad\u{7}", file: "x\u{1B}.nc")
    #expect(!fault.description.unicodeScalars.contains { $0.value < 0x20 && $0 != "\n" })
    #expect(fault.json.text == #"{"code": 65, "cause": "bad\u0007", "file": "x\u001b.nc"}"#)
  }

  @Test func nearnessIsMeasuredWithSwaps() {
    #expect(editDistance("regird", "regrid", limit: 3) == 1)
    #expect(editDistance("abc", "abcdef", limit: 2) > 2)
    #expect(nearest("methode", in: ["method", "to", "input"]) == "method")
    #expect(nearest("zzz", in: ["method", "to"]) == nil)
  }

  @Test func patternsMatchNames() throws {
    func matches(_ name: String, _ pattern: String) -> Bool {
      Glob.matches(Array(name.utf8), Array(pattern.utf8))
    }
    #expect(matches("tas_2006.nc", "tas_*.nc") && matches("tas_2006.nc", "*2006*") && matches("a1", "a[0-9]"))
    #expect(matches("ab", "a?") && !matches("a", "a?") && !matches("ab", "a[!b]") && !matches(".x", "*"))
    #expect(!matches(String(repeating: "a", count: 2000), String(repeating: "*a", count: 60) + "b"))
    let folder = try TemporaryFolder()
    for name in ["b_2.nc", "b_1.nc", "c.nc"] { try folder.write("", to: "d/" + name) }
    #expect(Glob.expand(folder.path("d/b_*.nc")) == [folder.path("d/b_1.nc"), folder.path("d/b_2.nc")])
    #expect(Glob.expand(folder.path("?/c.nc")) == [folder.path("d/c.nc")])
  }

  @Test func sizesAreRead() {
    #expect(ByteSize.parse("4GiB") == 4 << 30 && ByteSize.parse("512 MB") == 512_000_000)
    #expect(ByteSize.parse("1.5g") == 3 << 29 && ByteSize.parse("100") == 100)
    #expect(ByteSize.parse("many") == nil && ByteSize.parse("-1") == nil && ByteSize.parse("") == nil)
  }
}
