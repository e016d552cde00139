import ArgumentParser
import GridFiles
import Inspection

struct Inspect: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show what is in a file, and what is wrong with it.")
  @Argument(help: "The file.", completion: .file()) var file: String
  func run() async throws { _ = try await SourceFile.open(file) }
}
