import GridFiles
import Grids
import Stages

/// One thing to do: the whole pipeline, the pipeline for one file of the first input, or for one window of time.
public struct Item: Sendable, Hashable {
  /// The name of the file without its ending, or of the window; nil when there is only one item.
  public let stem: String?
  /// By number of the input: the files that are the item's own. Of the other inputs it has all.
  var files: [Int: [String]] = [:]
  var window: TimeWindow?
  /// What is wrong with the item as such.
  var fault: Fault?

  /// The only item of a pipeline.
  public static let whole = Item(stem: nil)

  /// The files that are the item's own, in the order of the inputs.
  var ownFiles: [String] { files.sorted { $0.key < $1.key }.flatMap(\.value) }
  /// What it is called where it needs a name.
  var name: String { fault == nil ? stem ?? "all" : ownFiles.first ?? stem ?? "all" }
}

/// Everything that is decided before data are read: what is computed and written, in which order and memory.
public struct ItemPlan: Sendable {
  public struct Output: Sendable {
    public let path: String
    let mark: Mark
    let node: Int
    fileprivate(set) var layout: OutputLayout
    public var description: Description { layout.description }
  }
  public let item: Item
  let spec: PipelineSpec
  public let graph: ComputationGraph
  public private(set) var outputs: [Output]
  /// Outputs that are lists of objects.
  private(set) var lists: [ListOutput] = []
  let memory: MemoryPlan
  /// Memory that the process holds before the first task.
  let base: Int
  let settingsThreads: Int
  let files: [SourceFile]
  /// What the outputs are made from; nil until `sealed`.
  private(set) var digest: ItemDigest?
  /// Files that computations write themselves and that count as results, in the order of the stages.
  var effectFiles: [String] { graph.effects.flatMap(\.effect.files).filter(\.isResult).map(\.path) }
  /// Those of them that cannot say by themselves what they were made from.
  var mutelyWritten: [String] {
    let speaking = lists.filter { $0.form == .netCDF }.map(\.path)
    return effectFiles.filter { !speaking.contains($0) }
  }
  /// What was assumed about the inputs.
  public let notes: [Note]

  /// The plan to be run: its outputs say what they are made from.
  func sealed(_ digest: ItemDigest) -> ItemPlan {
    var plan = self
    plan.digest = digest
    for index in outputs.indices {
      plan.outputs[index].layout.add(digest.attributes(hasWindow: item.window != nil))
    }
    plan.lists = lists.map { $0.with(digest.attributes(hasWindow: item.window != nil)) }
    return plan
  }

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
  static var now: Int { sourceDateEpoch ?? clock }
  /// Seconds since 1970, by the clock.
  static var clock: Int { time(nil) }
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
