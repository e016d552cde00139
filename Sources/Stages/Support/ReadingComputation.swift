import Grids

/// A computation that reads its inputs where and when it wants and makes its whole output in one go: training.
///
/// Its inputs are kept results (in memory or in a scratch file). It runs when no other task runs, and may use
/// all threads itself. Its result is always kept.
public protocol ReadingComputation: Computation {
  /// - Parameter inputs: the node's inputs, complete; may be read from several threads at a time.
  /// - Returns: a block of the region that is the whole output.
  func compute(reading inputs: any FieldReader, run: RunContext) throws(StageError) -> Block
}

extension ReadingComputation {
  public var isWhole: Bool { true }
  /// Nothing: it reads for itself.
  public func steps(for region: Region) -> [[Need]] { [] }
  public func begin(_ region: Region) throws(StageError) -> any Work {
    throw StageError("the stage reads for itself and was asked for a part")
  }
}

/// The finished inputs of a `ReadingComputation`.
public protocol FieldReader: Sendable {
  /// A part of an input, the caller's own. May be called from several threads.
  /// - Parameter input: which of the node's inputs.
  func read(_ input: Int, _ region: Region) throws(StageError) -> Block
}

/// What a computation may know of the run that it is a part of.
public struct RunContext: Sendable {
  /// Threads that it may use.
  public let threads: Int
  /// `run --resume`: go on from the state that an earlier run left, when there is one.
  public let resumes: Bool
  /// The program's version.
  public let version: String
  /// The name of the pipeline.
  public let pipeline: String
  /// Seconds since 1970: of the clock, or SOURCE_DATE_EPOCH.
  public let now: Int
  /// The same in ISO 8601, UTC.
  public let nowText: String
  /// Changes when inputs, pipeline or program do.
  public let digest: String
  private let cancelled: @Sendable () -> Bool
  private let teller: @Sendable (Message) -> Void
  private let collector: @Sendable (Finding) -> Void

  public enum Message: Sendable {
    /// A line of the story.
    case line(String)
    /// Shown on a terminal until the next one: done, of how many, and what there is to say of it.
    case progress(Int, Int, String)
  }

  public init(
    threads: Int, resumes: Bool = false, version: String = "", pipeline: String = "", now: Int = 0,
    nowText: String = "1970-01-01T00:00:00Z", digest: String = "",
    isCancelled: @escaping @Sendable () -> Bool = { false },
    tell: @escaping @Sendable (Message) -> Void = { _ in },
    report: @escaping @Sendable (Finding) -> Void = { _ in }
  ) {
    (self.threads, self.resumes, self.version, self.pipeline) = (threads, resumes, version, pipeline)
    (self.now, self.nowText, self.digest) = (now, nowText, digest)
    (cancelled, teller, collector) = (isCancelled, tell, report)
  }

  /// The same for a computation of that stage: its lines begin with the stage's name.
  package func telling(_ stage: String) -> RunContext {
    let (cancelled, teller, collector) = (cancelled, teller, collector)
    return RunContext(
      threads: threads, resumes: resumes, version: version, pipeline: pipeline, now: now, nowText: nowText,
      digest: digest, isCancelled: cancelled,
      tell: { message in
        switch message {
        case .line(let line): teller(.line("\(stage): \(line)"))
        case .progress: teller(message)
        }
      },
      report: { finding in
        if case .line(let line) = finding { teller(.line("\(stage): \(line)")) } else { collector(finding) }
      })
  }

  /// True when the run is to end (a signal, another task's fault): stop soon, leave no partial file.
  public var isCancelled: Bool { cancelled() }
  /// - Throws: when the run is to end.
  public func checkCancellation() throws(StageError) { if cancelled() { throw StageError("stopped") } }

  /// A line of the story, on standard error.
  public func tell(_ line: String) { teller(.line(line)) }
  /// How far it is; shown on a terminal only.
  public func progress(_ done: Int, of count: Int, _ text: String = "") {
    teller(.progress(done, count, text))
  }
  /// Says something about the result; see `Finding`.
  public func report(_ finding: Finding) { collector(finding) }
}

/// Its input, kept: what a `ReadingComputation` reads when its input is a file.
struct Held: PointwiseComputation {
  let output: Description
  let label = "held for reading"
  let isKept = true
  func operations(for region: Region) -> Double { 0 }
  func apply(to block: Block) throws(StageError) {}
}
