import GridFiles
import TestSupport
import Testing

@testable import Grids

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

@Suite struct SharedFilesTests {
  /// Every field of every file can be written, or is refused with a reason.
  @Test(.enabled(if: SharedData.isThere, SharedData.reason))
  func everyFieldCanBeWritten() async throws {
    let temporary = try TemporaryFolder()
    let folder = ProcessInfo.processInfo.environment["ISOTACH_KEEP_OUTPUT"] ?? temporary.url.path
    let isKept = folder != temporary.url.path
    var log = ""
    var failures: [String] = []
    for url in SharedData.files() {
      let name = url.deletingPathExtension().lastPathComponent
      let file: SourceFile
      do { file = try await SourceFile.open(url.path) } catch {
        log += "\(name): NOT OPENED \(error)\n"
        continue
      }
      let dataset = try await Dataset.open(file)
      for note in dataset.notes { log += "\(name): \(note.level) \(note.subject): \(note.text)\n" }
      for (index, field) in dataset.fields.enumerated() {
        let d = field.description
        log +=
          "\(name): FIELD \(field.variable.path) \(d.grid.kind) \(d.grid.ny)x\(d.grid.nx) time \(d.timeCount) "
        log += "layers \(d.layers.map { "\($0.name):\($0.count)" }) roles \(field.roles.count)\n"
        guard index < (isKept ? 3 : 1), field.variable.count < (isKept ? 4_000_000 : 500_000) else {
          continue
        }
        do {
          let values = try await FieldWriting.values(field, of: file)
          try await FieldWriting.write(
            d, [values], to: "\(folder)/\(name)__\(OutputNames.clean(field.variable.name))\(index).nc")
        } catch {
          log += "\(name): NOT WRITTEN \(field.variable.path): \(error)\n"
          // Its time stands still: that cannot be said in CF.
          if name != "nonmonotonic_coordinate" { failures.append("\(name) \(field.variable.path): \(error)") }
        }
      }
    }
    #expect(failures.isEmpty, "\(failures.prefix(5))")
    if isKept {
      try log.write(toFile: folder + "/log.txt", atomically: true, encoding: .utf8)
    }
  }
}
