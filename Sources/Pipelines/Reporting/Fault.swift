import Basics
import GridFiles
import Grids
import Networks
import Stages
import Tensors

/// What went wrong, for the user: how the program ends, where, why, and what to do. The text is derived.
public struct Fault: Error, Sendable, Hashable, CustomStringConvertible {
  public enum Code: Int32, Sendable, CaseIterable {
    case failed = 1
    case someFailed = 2
    case usage = 64
    case badData = 65
    case missingInput = 66
    case cannotWrite = 73
    case inputOutput = 74
    case busy = 75
    case badPipeline = 78
    case interrupted = 130
    case terminated = 143

    /// Of several faults the one that decides how the program ends.
    var weight: Int {
      switch self {
      case .terminated, .interrupted: 10
      case .badPipeline: 9
      case .badData: 8
      case .missingInput: 7
      case .cannotWrite: 6
      case .inputOutput: 5
      case .busy: 4
      case .usage: 3
      case .failed: 2
      case .someFailed: 1
      }
    }
  }

  public var code: Code
  /// The pipeline file, and the place in it.
  public var pipeline: String?
  public var mark: Mark?
  /// The stage, input or output.
  public var stage: String?
  /// A data file.
  public var file: String?
  public var variable: String?
  /// The part of the data.
  public var region: String?
  public var cause: String
  public var remedy: String?

  public init(
    _ code: Code, _ cause: String, pipeline: String? = nil, at mark: Mark? = nil, stage: String? = nil,
    file: String? = nil, variable: String? = nil, region: String? = nil, remedy: String? = nil
  ) {
    (self.code, self.cause, self.pipeline, self.mark) = (code, cause, pipeline, mark)
    (self.stage, self.file, self.variable, self.region) = (stage, file, variable, region)
    self.remedy = remedy
  }

  /// The text for people: one line of what and where, then `file`, `region` and `try`.
  public var description: String {
    var line = ""
    if let pipeline {
      line += pipeline
      if let mark { line += ":\(mark)" }
      line += "  "
    } else if file == nil {
      line += "isotach: "
    }
    if let stage { line += "\(stage): " }
    if pipeline == nil, stage == nil, let file {
      line += "\(file): "
      if let variable { line += "\(variable): " }
    }
    line = (line + cause).escapedForDisplay
    if let file, pipeline != nil || stage != nil {
      line += "\n  file    " + file.escapedForDisplay
      if let variable { line += ", variable " + variable.escapedForDisplay }
    } else if let variable, file == nil {
      line += "\n  variable " + variable.escapedForDisplay
    }
    if let region { line += "\n  region  " + region.escapedForDisplay }
    if let remedy { line += "\n  try     " + remedy.escapedForDisplay }
    return line
  }

  public var json: JSONValue {
    var entries: [(String, JSONValue)] = [("code", .integer(Int(code.rawValue))), ("cause", .string(cause))]
    if let pipeline { entries.append(("pipeline", .string(pipeline))) }
    if let mark {
      entries.append(("line", .integer(mark.line)))
      entries.append(("column", .integer(mark.column)))
    }
    for (name, value) in [
      ("stage", stage), ("file", file), ("variable", variable), ("region", region), ("remedy", remedy),
    ] {
      if let value { entries.append((name, .string(value))) }
    }
    return .object(entries)
  }
}

/// All that is wrong; never empty.
public struct Faults: Error, Sendable, CustomStringConvertible {
  public var list: [Fault]
  public init(_ list: [Fault]) { self.list = list }
  public init(_ fault: Fault) { list = [fault] }

  /// How the program ends.
  public var code: Fault.Code { list.max { $0.code.weight < $1.code.weight }?.code ?? .failed }
  public var description: String { list.map(\.description).joined(separator: "\n") }
}

extension Fault {
  public init(_ error: FileError, pipeline: String? = nil, at mark: Mark? = nil, stage: String? = nil) {
    let code: Code =
      switch error.kind {
      case .missing: .missingInput
      case .damaged, .unsupported, .changed: .badData
      case .refused: .badData
      case .cannotWrite: .cannotWrite
      case .inputOutput: .inputOutput
      case .busy: .busy
      }
    self.init(
      code, error.cause, pipeline: pipeline, at: mark, stage: stage, file: error.path,
      variable: error.subject, remedy: error.remedy)
  }

  public init(_ error: ModelError) {
    let code: Code =
      switch error.kind {
      case .missing: .missingInput
      case .damaged, .unsupported, .mismatch: .badData
      case .inputOutput: .inputOutput
      case .notFinite: .failed
      }
    self.init(
      code, error.sentence, file: error.path.isEmpty ? nil : error.path, variable: error.subject,
      remedy: error.remedy)
  }

  /// Any error of the modules below, with what is known of its place.
  public init(
    _ error: any Error, pipeline: String? = nil, at mark: Mark? = nil, stage: String? = nil,
    file: String? = nil, code: Code = .failed
  ) {
    switch error {
    case let fault as Fault:
      self = fault
      self.pipeline = self.pipeline ?? pipeline
      self.mark = self.mark ?? mark
      self.stage = self.stage ?? stage
      self.file = self.file ?? file
    case let faults as Faults:
      self = faults.list.first ?? Fault(.failed, "it failed without a reason")
    case let error as FileError: self.init(error, pipeline: pipeline, at: mark, stage: stage)
    case let error as GridError:
      self.init(
        code == .failed ? .badData : code, error.cause, pipeline: pipeline, at: mark, stage: stage,
        file: file, variable: error.subject, remedy: error.remedy)
    case let error as PlanError:
      self.init(
        .badPipeline, error.cause, pipeline: pipeline, at: error.mark ?? mark, stage: stage, file: file,
        variable: error.subject, remedy: error.remedy)
    case let error as StageError:
      if let file = error.file {
        self.init(
          FileError(file.kind, path: file.path, subject: error.subject, error.cause, remedy: error.remedy),
          pipeline: pipeline, at: mark, stage: stage)
        return
      }
      self.init(
        code, error.cause, pipeline: pipeline, at: mark, stage: stage, file: file, variable: error.subject,
        remedy: error.remedy)
    case let error as ShapeError:
      self.init(
        code, error.description, pipeline: pipeline, at: mark, stage: stage, file: file,
        remedy: "give less at a time (`--memory`), or fewer threads")
    default:
      self.init(code, "\(error)", pipeline: pipeline, at: mark, stage: stage, file: file)
    }
  }
}

extension String {
  /// Without anything that could steer a terminal: see `printable`.
  public var escapedForDisplay: String { printable(self) }
}
