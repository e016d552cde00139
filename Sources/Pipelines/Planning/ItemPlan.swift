import GridFiles
import Grids
import Stages

/// One thing to do: the whole pipeline, or the pipeline for one file of the first input.
public struct Item: Sendable, Hashable {
  /// The name of the file without its ending; nil when there is only one item.
  public let stem: String?
  /// The file, of the first input that is not static.
  let path: String?
}

/// Everything that is decided before data are read: what is computed and written, in which order and memory.
public struct ItemPlan: Sendable {
  public struct Output: Sendable {
    public let path: String
    let mark: Mark
    let node: Int
    let layout: OutputLayout
    public var description: Description { layout.description }
  }
  public let item: Item
  let spec: PipelineSpec
  public let graph: ComputationGraph
  public let outputs: [Output]
  /// Outputs that are lists of objects.
  var lists: [ListOutput] = []
  let memory: MemoryPlan
  /// Memory that the process holds before the first task.
  let base: Int
  let settingsThreads: Int
  let files: [SourceFile]
  let digest: String
  /// Files that computations write themselves and that count as results, in the order of the stages.
  var effectFiles: [String] { graph.effects.flatMap(\.effect.files).filter(\.isResult).map(\.path) }
  /// What was assumed about the inputs.
  public let notes: [Note]

  public struct Note: Sendable, Hashable {
    public let level: String
    public let subject: String
    public let text: String
  }
}

/// How a run may use the machine, and what it says of itself in the files.
public struct RunSettings: Sendable {
  public var threads: Int
  /// For the whole process, in bytes.
  public var memory: Int
  /// The program's version, for `history` and `source`.
  public var version: String
  public init(threads: Int? = nil, memory: Int? = nil, version: String) {
    self.threads = threads ?? Machine.threads
    self.memory = memory ?? Machine.memory
    self.version = version
  }

  /// Seconds since 1970: of the clock, or SOURCE_DATE_EPOCH.
  static var now: Int {
    if let epoch = sourceDateEpoch { return epoch }
    return time(nil)
  }
  static var sourceDateEpoch: Int? {
    Machine.environment("SOURCE_DATE_EPOCH").flatMap { Int($0) }.flatMap {
      (0...253_402_300_799).contains($0) ? $0 : nil
    }
  }

  /// ISO 8601 in UTC.
  static func isoTime(_ seconds: Int) -> String {
    guard let reference = try? TimeReference("seconds since 1970-01-01", calendar: .prolepticGregorian),
      let date = try? reference.date(Double(seconds))
    else { return "1970-01-01T00:00:00Z" }
    return date.iso
  }
}

#if canImport(Glibc)
  import Glibc
#endif
