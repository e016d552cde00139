import ArgumentParser
import GridFiles
import Inspection

struct Diff: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Compare two files, variable by variable.",
    discussion: """
      Compares dimensions, types, attributes and values. Values are compared with packing undone and in double \
      precision, so the values of a packed and an unpacked variable can agree (their types still differ); \
      missing in both files is the same, missing in one is a difference. Two values are the same when |a - b| <= A + R * max(|a|, |b|), both 0 unless given. Data \
      are read part by part: files may be larger than memory.

      Exit codes: 0 the same, 1 different, 65 a file cannot be read, 66 it is not there.
      """)

  @Argument(help: "The first file.", completion: .file()) var first: String
  @Argument(help: "The second file.", completion: .file()) var second: String
  @Option(help: ArgumentHelp("The same as --relative R.", valueName: "r")) var tolerance: Double?
  @Option(help: ArgumentHelp("Largest absolute difference that is none.", valueName: "a")) var absolute:
    Double?
  @Option(help: ArgumentHelp("Largest relative difference that is none.", valueName: "r")) var relative:
    Double?
  @Option(
    help: ArgumentHelp(
      "Only these variables (names or paths), and no global attributes.", valueName: "name,..."))
  var variables: String?
  @Option(help: ArgumentHelp("Attributes that may differ; '*' for all.", valueName: "name,..."))
  var ignoreAttributes: String?
  @Flag(help: "Print JSON (schema isotach.comparison/1).") var json = false

  func validate() throws {
    if tolerance != nil, relative != nil {
      throw ValidationError("--tolerance is --relative: give one of them.")
    }
    for (name, value) in [("tolerance", tolerance), ("absolute", absolute), ("relative", relative)] {
      if let value, !(value >= 0 && value.isFinite) {
        throw ValidationError("--\(name) must be a number that is not negative.")
      }
    }
    for (name, value) in [("variables", variables), ("ignore-attributes", ignoreAttributes)] {
      if let value, Self.list(value).isEmpty { throw ValidationError("--\(name) names nothing.") }
    }
  }

  func run() async throws {
    var options = ComparisonOptions()
    options.absolute = absolute ?? 0
    options.relative = relative ?? tolerance ?? 0
    options.variables = variables.map(Self.list) ?? []
    options.ignoredAttributes = Set(ignoreAttributes.map(Self.list) ?? [])
    let report = try await Comparer.compare(SourceFile.open(first), SourceFile.open(second), options)
    Output.print(json ? report.json : report.text)
    if !report.isSame { throw ExitCode(Exit.failed) }
  }

  private static func list(_ text: String) -> [String] { text.split(separator: ",").map(String.init) }
}
