import Basics
import ArgumentParser
import GridFiles
import Grids
import Networks

#if canImport(Glibc)
  import Glibc
#endif

/// The exit codes of the command, after `sysexits.h` where it has one.
enum Exit {
  static let failed: Int32 = 1
  static let someFailed: Int32 = 2
  static let usage: Int32 = 64
  static let badData: Int32 = 65
  static let inputMissing: Int32 = 66
  static let cannotWrite: Int32 = 73
  static let inputOutput: Int32 = 74
  static let busy: Int32 = 75
  static let badPipeline: Int32 = 78

  static func code(for error: any Error) -> Int32 {
    switch error {
    case let error as FileError:
      switch error.kind {
      case .missing: inputMissing
      case .damaged, .unsupported, .refused, .changed: badData
      case .cannotWrite: cannotWrite
      case .inputOutput: inputOutput
      case .busy: busy
      }
    case is GridError: badData
    case let error as ModelError:
      switch error.kind {
      case .missing: inputMissing
      case .damaged, .unsupported, .mismatch: badData
      case .inputOutput: inputOutput
      case .notFinite: failed
      }
    case is CancellationError: failed
    default: failed
    }
  }

  /// Says what went wrong, or prints what was asked for (`--help`), and ends the process.
  static func finish(_ error: any Error) -> Never {
    switch error {
    case is FileError, is GridError, is ModelError:
      Output.complain("isotach: " + describe(error))
      exit(code(for: error))
    default:
      let code = Isotach.exitCode(for: error)
      let text = Isotach.fullMessage(for: error)
      if code.isSuccess {
        if !text.isEmpty { Output.print(text) }
      } else if !text.isEmpty {
        Output.complain(text)
      }
      exit(code.rawValue)
    }
  }

  /// The text of an error, fit for a terminal.
  static func describe(_ error: any Error) -> String {
    if let error = error as? GridError {
      var text = error.subject.map { $0 + ": " } ?? ""
      text += error.cause
      if let remedy = error.remedy { text += " (\(remedy))" }
      return printable(text)
    }
    return printable("\(error)")
  }
}
