import ArgumentParser
import Pipelines

@main struct Isotach: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "isotach", abstract: "Pipelines for scientific grid data: file to file, checked.",
    version: "0.1.0")
}
