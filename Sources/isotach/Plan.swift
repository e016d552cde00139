import Basics
import GridFiles
import ArgumentParser
import Pipelines

struct Plan: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show what a pipeline will read, compute and write; no data are read.")
  @OptionGroup var options: PipelineOptions

  func run() async throws {
    try await options.reporting {
      let planner = try options.planner()
      let items = try await planner.items()
      var plans: [ItemPlan] = []
      var faults: [Fault] = []
      for item in items {
        do throws(Faults) {
          plans.append(try await planner.plan(item))
        } catch {
          for fault in error.list where !faults.contains(fault) { faults.append(fault) }
        }
      }
      guard faults.isEmpty else { throw Faults(faults) }
      if options.json {
        Output.print(
          JSONValue.object([
            ("name", .string(planner.spec.name)), ("threads", .integer(planner.settings.threads)),
            ("memoryAllowed", .integer(planner.settings.memory)), ("items", .array(plans.map(\.json))),
          ]).text)
      } else {
        Output.print(plans.map(\.text).joined(separator: "\n\n"))
      }
    }
  }
}
