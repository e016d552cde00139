import ArgumentParser
import Basics
import Networks
import ONNX
import Pipelines

struct ModelVerify: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Run an ONNX model on given tensors and compare its outputs with those that are expected.",
    discussion: """
      A folder holds input_0.pb, input_1.pb, ... and output_0.pb, ..., as the tests of ONNX have them. For each \
      output the worst element is printed. Right is |found - expected| <= atol + rtol |expected|; whole numbers and \
      truths must be equal. With --cases each argument is a folder with a model.onnx and folders test_data_set_*; \
      each gets a line, also when it cannot be run.

      Exit codes: 0 all within the tolerance; 1 not; 65 the model or a tensor is damaged or not supported; 66 a \
      file is missing.
      """)

  @Argument(help: "The model and folders with tensors; with --cases folders with both.", completion: .file())
  var paths: [String]
  @Option(help: "Allowed difference as a part of the expected number.") var rtol = 1e-3
  @Option(help: "Allowed difference beside that.") var atol = 1e-7
  @Option(help: "Threads.") var threads = 1
  @Option(help: "The most memory that a run may take, such as 4GiB.") var memory = "4GiB"
  @Flag(help: "Each argument is a test case: a folder with a model and its tensors.") var cases = false
  @Flag(help: "Print one JSON object (schema isotach.verification/1).") var json = false

  func validate() throws {
    guard cases || paths.count >= 2 else {
      throw ValidationError(
        "a model and at least one folder with tensors are needed, found `\(paths[0])` alone")
    }
    guard rtol >= 0, rtol.isFinite, atol >= 0, atol.isFinite else {
      throw ValidationError("--rtol and --atol must be 0 or more")
    }
    guard (1...1024).contains(threads) else {
      throw ValidationError("--threads must be 1 to 1024, found \(threads)")
    }
    guard ByteSize.parse(memory) != nil else {
      throw ValidationError("--memory needs a size such as 512MiB or 4GiB, found `\(memory)`")
    }
  }

  func run() throws {
    let options = Verification.Options(
      rtol: rtol, atol: atol, threads: threads, memory: Int(clamping: ByteSize.parse(memory) ?? 0))
    if cases { return try runCases(options) }
    let model = try OnnxModel.read(paths[0])
    var results: [(folder: String, Verification)] = []
    for folder in paths.dropFirst() {
      results.append((folder, try Verification.run(model, folder: folder, options)))
    }
    if json {
      let sets = results.map { folder, result in
        JSONValue.object([
          ("folder", .string(folder)), ("result", .string(result.passes ? "passes" : "differs")),
          ("outputs", .array(result.outputs.map(\.json))),
        ])
      }
      Output.print(
        JSONValue.object([
          ("schema", .string("isotach.verification/1")), ("model", .string(model.path)),
          ("sets", .array(sets)),
        ]).document)
    } else {
      for (folder, result) in results {
        Output.print("\(printable(folder)): \(result.passes ? "passes" : "differs")")
        for output in result.outputs { Output.print("  " + output.text) }
      }
    }
    if !results.allSatisfy({ $0.1.passes }) { throw ExitCode(Exit.failed) }
  }

  private func runCases(_ options: Verification.Options) throws {
    var lines: [JSONValue] = []
    var passed = 0
    for folder in paths {
      let result = VerificationCase.run(folder, options)
      passed += result.passes ? 1 : 0
      if json { lines.append(result.json) } else { Output.print(result.line) }
    }
    if json {
      Output.print(
        JSONValue.object([("schema", .string("isotach.verification/1")), ("cases", .array(lines))]).document)
    } else {
      Output.print("\(passed) of \(paths.count) pass")
    }
    if passed < paths.count { throw ExitCode(Exit.failed) }
  }
}

struct ModelOperators: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "operators",
    abstract: "List the operators of ONNX that are read, and those that are written.")

  @Flag(help: "Print one JSON object.") var json = false

  func run() {
    let (read, written) = (OnnxModel.operatorsRead, OnnxModel.operatorsWritten)
    guard json else {
      return Output.print(
        read.map { written.contains($0) ? "\($0)" : "\($0)  (read only)" }.joined(separator: "\n"))
    }
    Output.print(
      JSONValue.object([
        ("opsets", .array([.integer(OnnxModel.opsets.lowerBound), .integer(OnnxModel.opsets.upperBound)])),
        ("read", .array(read.map { .string($0) })), ("written", .array(written.map { .string($0) })),
      ]).document)
  }
}
