import Basics

/// Scores as a file of JSON: `{"scores": [...]}`, and what else there is to tell.
enum ScoreFile {
  /// Writes all of them, or nothing.
  static func write(_ scores: [Score], to path: String, more: [(String, JSONValue)] = []) throws(StageError) {
    let text = JSONValue.object([("scores", .array(scores.map { $0.json() }))] + more).text + "\n"
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
