import Basics
import GridFiles
import ArgumentParser
import Pipelines

struct Check: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Find everything that is wrong with a pipeline; no data are read.")
  @OptionGroup var options: PipelineOptions

  func run() async throws {
    try await options.reporting {
      let planner = try options.planner()
      var faults: [Fault] = []
      var notes: [ItemPlan.Note] = []
      let items = try await planner.items()
      faults += planner.hookFaults
      for item in items {
        do throws(Faults) {
          for note in try await planner.plan(item).notes where !notes.contains(note) { notes.append(note) }
        } catch {
          for fault in error.list where !faults.contains(fault) { faults.append(fault) }
        }
      }
      guard faults.isEmpty else { throw Faults(faults) }
      if options.json {
        let list = notes.map { note -> JSONValue in
          .object([
            ("level", .string(note.level)), ("subject", .string(note.subject)), ("text", .string(note.text)),
          ])
        }
        Output.print(
          JSONValue.object([
            ("code", .integer(0)), ("items", .integer(items.count)), ("notes", .array(list)),
            ("faults", .array([])),
          ]).text)
      } else {
        for note in notes {
          Output.complain("\(note.level)  \(note.subject): \(note.text)".escapedForDisplay)
        }
        Output.print("ok")
      }
    }
  }
}
