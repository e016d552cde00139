/// A fault of a pipeline, found before any data is read.
public struct PlanError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The key or value at fault; nil: the stage as a whole.
  public let mark: Mark?
  /// A variable or a coordinate, when the fault is about one.
  public let subject: String?
  public let cause: String
  public let remedy: String?
  /// Other faults that were found at the same time.
  public var further: [PlanError] = []

  /// The first of several faults with the others; nil when there are none.
  public static func all(_ faults: [PlanError]) -> PlanError? {
    guard var first = faults.first else { return nil }
    first.further += faults.dropFirst()
    return first
  }

  public init(_ cause: String, at mark: Mark? = nil, subject: String? = nil, remedy: String? = nil) {
    (self.cause, self.mark, self.subject, self.remedy) = (cause, mark, subject, remedy)
  }

  public var description: String { cause }
}

/// A fault of a stage while it computes.
public struct StageError: Error, Sendable, CustomStringConvertible {
  public let subject: String?
  public let cause: String
  public let remedy: String?
  /// What kind of fault of a file it is, and of which file; nil when it is none.
  public let file: (kind: FileError.Kind, path: String)?
  public init(_ cause: String, subject: String? = nil, remedy: String? = nil) {
    (self.cause, self.subject, self.remedy, file) = (cause, subject, remedy, nil)
  }
  public init(_ error: FileError) {
    (cause, subject, remedy) = (error.cause, error.subject, error.remedy)
    file = (error.kind, error.path)
  }
  public var description: String { file.map { "\($0.path): \(cause)" } ?? cause }
}
