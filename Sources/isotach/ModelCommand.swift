import ArgumentParser
import Basics
import Networks
import Pipelines

struct ModelCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "model", abstract: "The networks that come with the program, and what they are made of.",
    subcommands: [
      ModelList.self, ModelSummary.self, ModelLayers.self, ModelConvert.self, ModelRun.self, ModelVerify.self,
      ModelOperators.self,
    ])
}

struct ModelList: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List the networks, with the published numbers of their parameters.")

  @Flag(help: "Print one JSON object.") var json = false

  func run() throws {
    let all = allModels.sorted { $0.declaration.name < $1.declaration.name }
    guard json else { return Output.print(ModelZoo.text(all)) }
    Output.print(ModelZoo.json(all).text)
  }
}

struct ModelSummary: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "summary",
    abstract: "Show the layers of a network: shapes, parameters, work, receptive field.",
    discussion: """
      The network is one of `isotach model list`, that of a model file (ONNX), or a YAML file that declares one \
      (`unet: {base: 32}`, or a list of layers), also below the key `network`. Nothing is computed.

      Exit codes: 0 done; 64 no such network, or an input that is none; 65 the model file is damaged; 66 no such \
      file; 78 the network is wrong, with all that is wrong.
      """)

  @Argument(
    help: "A network, a model file, or a YAML file with a network.",
    completion: .list(allModels.map { $0.declaration.name })) var network: String
  @Option(
    help: ArgumentHelp(
      "Channels, rows and columns of the input. [default: a published size, or 256 x 256; of a model file what it was trained with]",
      valueName: "5x256x256"))
  var input: String?
  @Option(
    name: .customLong("set"), parsing: .singleValue,
    help: ArgumentHelp("Give a key of the network a value.", valueName: "key=value"))
  var settings: [String] = []
  @Flag(help: "Print one JSON object (schema isotach.network/1).") var json = false

  func validate() throws {
    for setting in settings where !setting.contains("=") {
      throw ValidationError("--set needs key=value, found `\(setting)`")
    }
    if let input, Self.extents(input) == nil {
      throw ValidationError(
        "--input needs channels and up to 3 sizes such as 5x256x256, found `\(input)`")
    }
  }

  /// `5x256x256`.
  static func extents(_ text: String) -> [Int]? {
    let parts = text.split(separator: "x", omittingEmptySubsequences: false)
    let numbers = parts.compactMap { Int($0) }
    guard numbers.count == parts.count, (1...4).contains(numbers.count),
      numbers.allSatisfy({ (1...1 << 20).contains($0) })
    else { return nil }
    return numbers
  }

  func run() throws {
    switch describe() {
    case .success(let summary): Output.print(json ? summary.json.text : summary.text.escapedLines)
    case .failure(let faults):
      if json {
        Output.print(
          JSONValue.object([
            ("code", .integer(Int(faults.code.rawValue))), ("faults", .array(faults.list.map(\.json))),
          ]).text)
      }
      Output.complain(faults.description)
      throw ExitCode(faults.code.rawValue)
    }
  }

  private func describe() -> Result<NetworkSummary, Faults> {
    var pairs: [(name: String, value: String)] = []
    for setting in settings {
      let parts = setting.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      pairs.append((String(parts[0]), parts.count > 1 ? String(parts[1]) : ""))
    }
    do throws(Faults) {
      let source = try NetworkSource(network, settings: pairs)
      let extents = input.flatMap { Self.extents($0) }
      return .success(try source.summary(input: extents))
    } catch {
      return .failure(error)
    }
  }
}

struct ModelLayers: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "layers",
    abstract: "List what networks and their training are made of, or explain one with its keys.",
    discussion:
      "Networks, layers, losses, optimisers, schedules and initialisers, from their own declarations.")

  @Argument(
    help: "A layer, loss, optimiser, schedule, initialiser or network.",
    completion: .list(ModelZoo.kinds.flatMap { $0.all.map(\.name) })) var name: String?
  @Flag(help: "Print one JSON object.") var json = false

  func run() throws {
    let kinds = ModelZoo.kinds
    guard let name else {
      if json {
        return Output.print(
          JSONValue.object(kinds.map { ($0.name, .array($0.all.map(\.json))) }).text)
      }
      return Output.print(
        kinds.map { "\($0.name)\n" + Declaration.list($0.all, indent: "  ") }.joined(separator: "\n\n"))
    }
    let found = kinds.flatMap { kind in kind.all.filter { $0.name == name }.map { (kind.name, $0) } }
    guard !found.isEmpty else {
      throw ValidationError(
        ModelZoo.unknown(name, among: kinds.flatMap { $0.all.map(\.name) }))
    }
    if json {
      return Output.print(JSONValue.object(found.map { ($0.0, $0.1.json) }).text)
    }
    Output.print(found.map { "\($0.1.help)" }.joined(separator: "\n\n"))
  }
}

extension String {
  /// Fit for a terminal, line by line.
  fileprivate var escapedLines: String {
    split(separator: "\n", omittingEmptySubsequences: false).map { String($0).escapedForDisplay }
      .joined(separator: "\n")
  }
}
