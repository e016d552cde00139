import Basics
import Networks

#if canImport(Glibc)
  import Glibc
#endif

/// A model with one or more folders of tensors, as the tests of ONNX come: `model.onnx`, `test_data_set_0`, ...
public struct VerificationCase: Sendable {
  public enum Outcome: Sendable {
    /// One for each folder of tensors.
    case compared([(folder: String, Verification)])
    /// The model, or what it asks for, is not done here, or a file is damaged.
    case failed(ModelError)
  }

  public let name: String
  public let outcome: Outcome
  public var passes: Bool {
    if case .compared(let parts) = outcome {
      !parts.isEmpty && parts.allSatisfy { $0.1.passes }
    } else {
      false
    }
  }

  /// Runs `folder/model.onnx` on each `folder/test_data_set_*`.
  public static func run(_ folder: String, _ options: Verification.Options) -> VerificationCase {
    let name = folder.split(separator: "/").last.map(String.init) ?? folder
    do throws(ModelError) {
      let sets = try names(in: folder).filter { $0.hasPrefix("test_data_set_") }.sorted()
      guard !sets.isEmpty else {
        throw ModelError(.missing, path: folder, "there is no folder test_data_set_0")
      }
      let model = try OnnxModel.read(folder + "/model.onnx")
      var parts: [(folder: String, Verification)] = []
      for set in sets {
        parts.append((set, try Verification.run(model, folder: folder + "/" + set, options)))
      }
      return VerificationCase(name: name, outcome: .compared(parts))
    } catch {
      return VerificationCase(name: name, outcome: .failed(error))
    }
  }

  /// The entries of a folder.
  public static func names(in folder: String) throws(ModelError) -> [String] {
    guard let stream = unsafe opendir(folder) else {
      let code = errno
      throw ModelError(
        code == ENOENT ? .missing : .inputOutput, path: folder,
        "the folder cannot be read: \(SystemReason.text(code))")
    }
    defer { unsafe closedir(stream) }
    var names: [String] = []
    while let entry = unsafe readdir(stream) {
      let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        unsafe pointer.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names.sorted()
  }
}

extension VerificationCase {
  /// One line.
  public var line: String {
    switch outcome {
    case .failed(let error): "\(printable(name)): not run: \(printable(error.description))"
    case .compared(let parts):
      "\(printable(name)): "
        + (passes
          ? "passes"
          : "differs: "
            + parts.flatMap { $0.1.outputs }.filter { $0.wrong > 0 }.map(\.text).joined(separator: "; "))
    }
  }

  public var json: JSONValue {
    var entries: [(String, JSONValue)] = [("case", .string(name))]
    switch outcome {
    case .failed(let error):
      entries += [("result", .string("failed")), ("reason", .string(error.description))]
    case .compared(let parts):
      entries += [
        ("result", .string(passes ? "passes" : "differs")),
        ("outputs", .array(parts.flatMap { $0.1.outputs }.map(\.json))),
      ]
    }
    return .object(entries)
  }
}

extension Verification.Output {
  /// `y [2 x 3]: worst element [0, 1] is 1.5, expected 1.25 (difference 0.25, allowed 0.00125)`.
  public var text: String {
    var text = "\(printable(name, limit: 100)) \(shape): "
    guard let worst else { return text + "no elements" }
    text += "worst element \(worst.place) is \(worst.found), expected \(worst.expected)"
    text += " (difference \(worst.difference), allowed \(worst.allowed))"
    return text + (wrong > 0 ? ", \(wrong) of \(shape.count) are wrong" : "")
  }

  public var json: JSONValue {
    var entries: [(String, JSONValue)] = [
      ("output", .string(name)), ("shape", .array(shape.extents.map { .integer($0) })),
      ("type", .string(type.name)), ("elements", .integer(shape.count)), ("wrong", .integer(wrong)),
    ]
    if let worst {
      entries.append(
        (
          "worst",
          .object([
            ("place", .array(worst.place.map { .integer($0) })), ("expected", .real(worst.expected)),
            ("found", .real(worst.found)), ("difference", .real(worst.difference)),
            ("allowed", .real(worst.allowed)),
          ])
        ))
    }
    return .object(entries)
  }
}
