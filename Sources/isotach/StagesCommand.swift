import Basics
import GridFiles
import ArgumentParser
import Pipelines

struct StagesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "stages", abstract: "List the stages, or explain one with its keys.")

  @Argument(
    help: "A stage.", completion: .list(allStages.map { $0.declaration.name })) var name: String?
  @Flag(help: "Print one JSON object.") var json = false

  func run() throws {
    let all = allStages.map { $0.declaration }.sorted { $0.name < $1.name }
    guard let name else {
      if json {
        Output.print(JSONValue.object([("stages", .array(all.map(\.json)))]).text)
      } else {
        Output.print(Declaration.list(all))
      }
      return
    }
    guard let stage = all.first(where: { $0.name == name }) else {
      throw ValidationError(
        "there is no stage `\(name)`; there are " + all.map(\.name).joined(separator: ", "))
    }
    Output.print(
      json
        ? stage.json.text
        : stage.help
          + "\n  as: text\n      the name of the result, for stages and outputs below")
  }
}
