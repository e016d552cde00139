import Basics
import GridFiles
import ArgumentParser
import Pipelines

/// What `check`, `plan`, `run` and `status` have in common.
struct PipelineOptions: ParsableArguments {
  @Argument(help: "The pipeline.", completion: .file(extensions: ["yaml", "yml"])) var pipeline: String

  @Option(
    name: .customLong("set"), parsing: .singleValue,
    help: ArgumentHelp("Give a declared parameter another value.", valueName: "name=value"))
  var settings: [String] = []

  @Option(help: "Threads that compute. [default: ISOTACH_THREADS, SLURM_CPUS_PER_TASK, OMP_NUM_THREADS, all]")
  var threads: Int?

  @Option(help: "Memory for the whole process, e.g. 4GiB. [default: half of what is free]")
  var memory: String?

  @Flag(help: "Print one JSON object.") var json = false

  func validate() throws {
    for setting in settings where !setting.contains("=") {
      throw ValidationError("--set needs name=value, found `\(setting)`")
    }
    if let threads, !(1...1024).contains(threads) {
      throw ValidationError("--threads goes from 1 to 1024, found \(threads)")
    }
    if let memory, ByteSize.parse(memory) == nil {
      throw ValidationError("--memory needs a size such as 512MiB or 4GiB, found `\(memory)`")
    }
  }

  func planner() throws(Faults) -> Planner {
    let settings = settings.map { setting -> (name: String, value: String) in
      let parts = setting.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      return (String(parts[0]), parts.count > 1 ? String(parts[1]) : "")
    }
    let spec = try PipelineSpec.load(pipeline, settings: settings)
    return Planner(
      spec,
      RunSettings(
        threads: threads, memory: memory.flatMap { ByteSize.parse($0) }, version: Isotach.versionText))
  }

  /// Runs a command, and says on the right stream what went wrong.
  /// - Parameter isQuiet: what only the exit code shall tell.
  func reporting(isQuiet: (Faults) -> Bool = { _ in false }, _ body: () async throws -> Void) async throws {
    do {
      try await body()
    } catch let faults as Faults {
      if json {
        Output.print(
          JSONValue.object([
            ("code", .integer(Int(faults.code.rawValue))), ("faults", .array(faults.list.map(\.json))),
          ]).text)
      }
      if !isQuiet(faults) { Output.complain(faults.description) }
      throw ExitCode(faults.code.rawValue)
    }
  }
}
