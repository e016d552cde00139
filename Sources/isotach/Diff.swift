import ArgumentParser
import GridFiles
import Inspection

struct Diff: AsyncParsableCommand {
  static let configuration = CommandConfiguration(abstract: "Compare two files, variable by variable.")
  @Argument(help: "The first file.", completion: .file()) var first: String
  @Argument(help: "The second file.", completion: .file()) var second: String
  func run() async throws {
    _ = try await SourceFile.open(first)
    _ = try await SourceFile.open(second)
  }
}
