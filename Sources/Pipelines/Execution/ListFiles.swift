import Basics
import GridFiles
import Grids

/// The lists of one item on their way to their files: published together with the other outputs.
struct ListFiles {
  private var texts: [TemporaryFile] = []
  private var files: [OutputFile] = []

  mutating func write(_ list: ListOutput, inputs: [FileIdentity]) async throws {
    if list.form == .netCDF {
      let content = ListFile(list)
      let file = try await OutputFile.create(list.path, content.definition, inputs: inputs)
      files.append(file)
      try await content.write(to: file)
    } else {
      let text = try ListText(list).text
      let file = try TemporaryFile.create(list.path, inputs: inputs)
      texts.append(file)
      try file.write(Array(text.utf8))
    }
  }

  func publish() async throws {
    for file in files { try await file.publish() }
    for file in texts { try file.publish() }
  }

  func discard() async {
    for file in files { await file.discard() }
    for file in texts { file.remove() }
  }
}
