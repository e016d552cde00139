import Basics
import GridFiles

/// The CF view of one file: which variables are fields, on which axes and grid, and how their numbers decode.
/// Coordinates are read when it is opened, data are not.
public struct Dataset: Sendable {
  public let file: SourceFile
  public let fields: [Field]
  /// Everything that was assumed or is wrong, for `inspect` and for the run's report.
  public let notes: [DatasetNote]
  private let refused: [(path: String, error: GridError)]

  init(file: SourceFile, fields: [Field], notes: [DatasetNote], refused: [(path: String, error: GridError)]) {
    (self.file, self.fields, self.notes, self.refused) = (file, fields, notes, refused)
  }

  /// One data variable.
  public struct Field: Sendable {
    public let variable: Variable
    public let decoding: GridFiles.Decoding
    /// Of this variable alone: `variables.count` is 1.
    public let description: Description
    /// What each dimension of the file's variable is, in the file's order.
    public let roles: [Role]
  }

  public enum Role: Sendable, Hashable {
    case time
    /// Index into `description.layers`.
    case layer(Int)
    case row, column
    /// Length 1 and of no further meaning.
    case single
  }

  /// The variable of that name, path or CF standard name.
  public func field(_ name: String) -> Field? {
    fields.first { $0.variable.name == name || $0.variable.path == name }
      ?? fields.first { $0.description.variables[0].standardName == name }
  }

  /// - Parameter hints: what the pipeline states about the file (dimension names, attributes, grid).
  /// - Throws: `FileError` when a coordinate cannot be read. A variable that cannot be a field is left out with a
  ///   note of level `error`; `refusal` gives the reason.
  public static func open(_ file: SourceFile, hints: DatasetHints = .init()) async throws -> Dataset {
    let opening = DatasetOpening(file, hints)
    try await opening.run()
    return Dataset(
      file: file, fields: opening.fields, notes: opening.reader.notes, refused: opening.refused)
  }

  /// Why a variable that is in the file is no field; nil when it is one, or is not there.
  public func refusal(_ name: String) -> GridError? {
    refused.first { $0.path == name || $0.path == "/" + name }?.error
  }
}

public struct DatasetNote: Sendable, Hashable {
  public enum Level: String, Sendable { case assumed, warning, error }
  public let level: Level
  public let subject: String
  public let text: String
  public init(_ level: Level, _ subject: String, _ text: String) {
    (self.level, self.subject, self.text) = (level, subject, text)
  }
}

/// What a pipeline's `inputs:` entry says about a file that does not say it itself.
public struct DatasetHints: Sendable {
  /// Only this variable (names, paths or standard names) is wanted; empty: all.
  public var variables: [String] = []
  /// Dimension names, for variables without: variable path -> names, `*` for any.
  public var dimensions: [String: [String]] = [:]
  /// Attributes that replace those of the file, by variable path: `*` for every wanted variable, or a
  /// coordinate variable's name.
  public var attributes: [String: [Attribute]] = [:]
  /// Dimension name -> path of the variable that is its coordinate; also `latitude`, `longitude`, `time`.
  public var coordinates: [String: String] = [:]
  /// A whole grid given in the pipeline, for the last two dimensions.
  public var grid: Grid?
  public init() {}
}
