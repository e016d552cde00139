import ArgumentParser
import GridFiles
import Inspection

struct Validate: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Check a file against the CF and ACDD conventions.")
  @Argument(help: "The file.", completion: .file()) var file: String
  func run() async throws { _ = try await SourceFile.open(file) }
}
