/// What is wrong with the meaning of a field: axes, units, time, grid.
public struct GridError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The variable, attribute or coordinate.
  public let subject: String?
  public let cause: String
  public let remedy: String?
  public init(_ cause: String, subject: String? = nil, remedy: String? = nil) {
    (self.cause, self.subject, self.remedy) = (cause, subject, remedy)
  }
  public var description: String { cause }
}
