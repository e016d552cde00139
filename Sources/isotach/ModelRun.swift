import ArgumentParser
import Basics
import Compute
import Foundation
import GridFiles
import Inspection
import Networks
import ONNX
import Pipelines

struct ModelRun: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Apply a model to a file, for a first look.",
    discussion: """
      The variables that the model's metadata name are taken from the file, normalised, put through the network and \
      undone, as by a pipeline with the one stage `predict`. Of a file of another program, which names none, the \
      variables are those that are called as the model's inputs, or those of --variables, taken as they are: \
      `--variables tas,orog`, or for each input of the model `--variables x=tas,orog --variables z=orog`. When the file \
      has for each input a variable of that name with as many dimensions, these are the tensors, whatever they mean. \
      Without --output the result is shown and not kept.

      Exit codes: 0 done; 65 the model or the data are damaged or not supported; 66 a file is missing; 73 the \
      output cannot be written; 78 the data are not what the model expects.
      """)

  @Argument(help: "The model: an ONNX file.", completion: .file(extensions: ["onnx"])) var model: String
  @Argument(help: "The file with the data.", completion: .file()) var file: String
  @Option(name: [.short, .long], help: "The NetCDF file that is made.") var output: String?
  @Option(
    parsing: .singleValue,
    help: ArgumentHelp("Which variables go in, in order; of which input.", valueName: "[input=]a,b"))
  var variables: [String] = []
  @Option(help: "Threads that compute.") var threads: Int?
  @Option(help: "Memory for the whole process, e.g. 4GiB. [default: half of what is free]") var memory:
    String?
  @Option(help: ArgumentHelp(LayoutOptions.Precision.help, valueName: "fast|exact|bf16"))
  var precision: LayoutOptions.Precision = .fast

  func validate() throws {
    if let threads, !(1...1024).contains(threads) {
      throw ValidationError("--threads goes from 1 to 1024, found \(threads)")
    }
    if let memory, ByteSize.parse(memory) == nil {
      throw ValidationError("--memory needs a size such as 512MiB or 4GiB, found `\(memory)`")
    }
  }

  func run() async throws {
    let found = try OnnxModel.read(model)
    // A file with a tensor for each input, as programs that test models write them.
    if variables.isEmpty, try ModelMetadata(found.metadata, path: model).inputs == nil,
      let tensors = TensorRun(found, try await SourceFile.open(file))
    {
      let resources = RunSettings(
        threads: threads, memory: memory.flatMap { ByteSize.parse($0) }, version: Isotach.versionText)
      let lines = try await tensors.run(
        to: output, threads: resources.threads, memory: resources.memory, precision: precision,
        program: resources.version)
      return Output.print(output?.escapedForDisplay ?? lines.joined(separator: "\n"))
    }
    let stored = try ModelFile.open(model)
    let target =
      output
      ?? FileManager.default.temporaryDirectory.appending(path: "isotach-\(UUID().uuidString).nc").path
    defer { if output == nil { try? FileManager.default.removeItem(atPath: target) } }
    do {
      let spec = try PipelineSpec.decode(
        Array(try pipeline(stored, target).text.utf8), path: "model-run.yaml", settings: [])
      let planner = Planner(
        spec,
        RunSettings(
          threads: threads, memory: memory.flatMap { ByteSize.parse($0) }, version: Isotach.versionText))
      let run = PipelineRun(planner, PipelineRun.Options()) { _ in }
      let report = try await run.run()
      if let code = report.code { throw ExitCode(code.rawValue) }
    } catch let faults as Faults {
      Output.complain(faults.description)
      throw ExitCode(faults.code.rawValue)
    }
    if let output { return Output.print(output.escapedForDisplay) }
    let report = try await Inspector.inspect(SourceFile.open(target), variable: nil, readsData: true)
    Output.print(report.text)
  }

  /// A pipeline of one stage, as JSON, which is YAML.
  private func pipeline(_ stored: StoredModel, _ target: String) throws -> JSONValue {
    // What goes in more than once is read once.
    func input(_ variables: [String]) -> JSONValue {
      var names: [String] = []
      for name in variables where !names.contains(name) { names.append(name) }
      return .object([("files", .string(file)), ("variables", .array(names.map { .string($0) }))])
    }
    let given = try variables(of: stored)
    var predict: [(String, JSONValue)] = [
      ("input", .string("field")), ("model", .string(model)), ("as", .string("result")),
      ("precision", .string(precision.rawValue)),
    ]
    var inputs: [(String, JSONValue)] = []
    if let channels = stored.metadata.inputs {
      inputs.append(("field", input(given ?? channels.map(\.name))))
    } else {
      let variables = given ?? stored.network.inputs.map(\.name)
      inputs.append(("field", input(variables)))
      predict.append(
        (
          "inputs",
          .array(variables.map { .object([("name", .string($0)), ("units", .string("any"))]) })
        ))
    }
    if stored.metadata.outputs == nil {
      let port = stored.network.output
      guard let extents = port.extents, extents.count > 1, case .fixed(let count) = extents[1],
        (1...4096).contains(count)
      else {
        throw ModelError(
          .unsupported, path: model, subject: printable(port.name, limit: 60),
          "the model does not say how many channels come out", remedy: "use `predict` and give `outputs`")
      }
      let name = Self.variableName(port.name)
      predict.append(
        (
          "outputs",
          .array((1...count).map { .object([("name", .string(count == 1 ? name : "\(name)_\($0)"))]) })
        ))
    }
    if let base = stored.metadata.base {
      inputs.append(("estimate", input(base.map(\.name))))
      predict.append(("residual", .string("estimate")))
    }
    return .object([
      ("name", .string("model-run")), ("inputs", .object(inputs)),
      ("stages", .array([.object([("predict", .object(predict))])])),
      ("outputs", .array([.object([("input", .string("result")), ("file", .string(target))])])),
    ])
  }

  /// The variables that are asked for, channel by channel.
  private func variables(of stored: StoredModel) throws -> [String]? {
    if variables.isEmpty { return nil }
    let inputs = stored.network.inputs
    var lists: [String: [String]] = [:]
    for text in variables {
      let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
      let names = (parts.last ?? "").split(separator: ",").map(String.init)
      guard let last = parts.first, !names.isEmpty else {
        throw ValidationError("--variables needs names such as tas,orog, found `\(text)`")
      }
      if parts.count < 2 {
        guard variables.count == 1 else {
          throw ValidationError(
            "--variables is given \(variables.count) times: say which input `\(text)` is for")
        }
        return names
      }
      guard let input = inputs.first(where: { $0.name == last }) else {
        throw ValidationError(
          "the model has no input `\(last)`: it has \(inputs.map { printable($0.name, limit: 60) }.joined(separator: ", "))"
        )
      }
      guard lists.updateValue(names, forKey: input.name) == nil else {
        throw ValidationError("the variables of the input `\(last)` are given twice")
      }
      if let extents = input.extents, extents.count > 1, case .fixed(let count) = extents[1],
        count != names.count
      {
        throw ValidationError(
          "the model's input `\(last)` has \(count) channels, and \(names.count) variables are given")
      }
    }
    return inputs.flatMap { lists[$0.name] ?? [$0.name] }
  }

  /// Letters, digits and underscores, a letter first.
  static func variableName(_ text: String) -> String {
    let name = String(
      text.map { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") ? $0 : "_" }.prefix(60))
    return name.first?.isLetter == true ? name : "output_\(name)"
  }
}

extension LayoutOptions.Precision: ExpressibleByArgument {}
