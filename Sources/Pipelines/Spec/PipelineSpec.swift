import GridFiles
import Grids
import Stages

/// A pipeline as it is written: decoded, every name resolved to what stands above it, nothing opened.
public struct PipelineSpec: Sendable {
  /// The YAML file as it was given; relative paths in it start from its folder.
  public let path: String
  public let folder: String
  /// The text, byte for byte.
  let text: [UInt8]
  /// What the text says of the outputs, with parameters put in, without comments and the like: part of an output's
  /// digest.
  var plan = ""
  public let name: String
  public let summary: String?
  /// Values of the parameters, those of `--set` included.
  public let parameters: [(name: String, value: String)]
  public let inputs: [Input]
  public let stages: [Step]
  public let outputs: [Output]
  public let metadata: [Attribute]
  public let skipsFailedItems: Bool
  public var schedule = ScheduleSpec()
  public var windows: WindowSpec?
  /// Values of `--set`.
  var settings: [(name: String, value: String)] = []
  /// Places in `stages:` of those that have the item's name in a value.
  var itemStages: Set<Int> = []
  /// What is wrong with the text. A pipeline with faults is planned as far as it goes, to find the others, and
  /// never run.
  public let faults: [Fault]

  public struct Input: Sendable {
    public let name: String
    public let mark: Mark
    public let files: [Place]
    public let variables: [Place]
    public let isStatic: Bool
    public let hints: DatasetHints
    public let externalFolders: [String]
    /// A grid that the pipeline states for the file.
    let grid: InputGrid?
  }

  /// A text with its place.
  public struct Place: Sendable {
    public let text: String
    public let mark: Mark
  }

  public struct Step: Sendable {
    /// Its place in `stages:`, from 0.
    public let index: Int
    public let stage: any Stage
    public let name: String
    public let mark: Mark
    /// The result's name; nil when only the next stage or the output reads it.
    public let result: String?
    /// By key: which streams.
    public let streams: [String: [Reference]]
  }

  public struct Reference: Sendable {
    public enum Target: Sendable, Hashable {
      /// -1: an input that could not be decoded.
      case input(Int)
      case stage(Int)
    }
    public let name: String
    public let target: Target
    public let mark: Mark
  }

  public struct Output: Sendable {
    public let mark: Mark
    public let input: Reference
    public let file: FileTemplate
    public let fileMark: Mark
    /// Deflate level; nil: none.
    public let deflate: Int?
    /// Nil: as the file's ending says.
    public var form: Form?
    public enum Form: String, Sendable, CaseIterable { case grid, list }
  }

  /// The path of an output, with `{stem}` or `{window}` where the name of the item goes.
  public struct FileTemplate: Sendable {
    static let stem = "\u{0}"
    let text: String
    public var hasStem: Bool { text.contains(Self.stem) }
    /// The path with the stem put in; a stem is part of a file name, so it has no slash.
    public func path(stem: String?) -> String {
      text.split(separator: Self.stem, omittingEmptySubsequences: false).joined(separator: stem ?? "{stem}")
    }
  }

  /// True when each file of the first input that is not static, or each window of time, is an item of its own.
  public var hasItems: Bool { windows != nil || !itemStages.isEmpty || outputs.contains { $0.file.hasStem } }
  /// The input whose files are the items.
  public var itemInput: Int? { inputs.firstIndex { !$0.isStatic } }
}
