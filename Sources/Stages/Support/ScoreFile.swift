import Basics

/// Scores as a file of JSON: `{"scores": [...]}`.
enum ScoreFile {
  /// Writes all of them, or nothing.
  static func write(_ scores: [Score], to path: String) throws(StageError) {
    let text = JSONValue.object([("scores", .array(scores.map { $0.json() }))]).text + "\n"
    do throws(FileError) {
      let file = try TemporaryFile.create(path, inputs: [])
      do throws(FileError) {
        try file.write(Array(text.utf8))
        try file.publish()
      } catch {
        file.remove()
        throw error
      }
    } catch {
      throw StageError(error)
    }
  }
}
