import Foundation
import Testing

/// Where this package lies: found from the place of this source file.
public enum PackageRoot {
  public static let url: URL = {
    var url = URL(fileURLWithPath: #filePath)
    for _ in 0..<3 { url.deleteLastPathComponent() }
    return url.standardizedFileURL
  }()
  public static var path: String { url.path }

  /// A file of the package, by its path from the root.
  public static func url(_ relative: String) -> URL { url.appendingPathComponent(relative) }
}

/// Real files that developers keep beside the package, in `../shared/data`. Tests that need them are skipped
/// where they are not:
///
///     @Test(.enabled(if: SharedData.has("fields/x.nc"), SharedData.reason)) func ...
public enum SharedData {
  public static let root: URL? = {
    let url = PackageRoot.url.deletingLastPathComponent().appendingPathComponent("shared/data")
    return FileManager.default.fileExists(atPath: url.path) ? url.standardizedFileURL : nil
  }()

  public static let reason: Comment = "../shared/data is not there (or lacks the file): skipped"
  public static var isThere: Bool { root != nil }

  /// The file, nil when it is not there.
  public static func url(_ relative: String) -> URL? {
    guard let url = root?.appendingPathComponent(relative),
      FileManager.default.fileExists(atPath: url.path)
    else { return nil }
    return url
  }

  public static func has(_ relative: String...) -> Bool { relative.allSatisfy { url($0) != nil } }

  /// The path of the file, or an error that says which file is missing.
  public static func path(_ relative: String) throws -> String {
    guard let url = url(relative) else { throw MissingData("../shared/data/\(relative) is not there") }
    return url.path
  }

  /// All files with one of these endings, sorted by path.
  public static func files(endings: [String] = ["nc", "cdf", "h5", "he5", "hdf5", "nc4"]) -> [URL] {
    guard let root, let walk = FileManager.default.enumerator(at: root, includingPropertiesForKeys: nil)
    else { return [] }
    return walk.compactMap { $0 as? URL }.filter { endings.contains($0.pathExtension) }
      .sorted { $0.path < $1.path }
  }
}

/// Data of the Debian packages `libncarg-data` and `ferret-datasets`, found by file name:
///
///     @Test(.enabled(if: DebianData.has("uv300.nc"), DebianData.reason)) func ...
public enum DebianData {
  /// File name -> path, as `dpkg -L` lists them. A name that is there twice (`cdf/uv300.nc`, `nug/uv300.nc`)
  /// gives the first in order of path.
  private static let index: [String: String] = {
    var index: [String: String] = [:]
    for package in ["libncarg-data", "ferret-datasets"] {
      guard let result = try? Command.run(["dpkg", "-L", package], timeout: 30), result.exit == 0 else {
        continue
      }
      for line in result.stdout.split(separator: "\n").map(String.init).sorted() {
        let name = URL(fileURLWithPath: line).lastPathComponent
        if index[name] == nil, name.contains(".") { index[name] = line }
      }
    }
    return index
  }()

  public static let reason: Comment =
    "the Debian packages libncarg-data and ferret-datasets are not installed: skipped"

  public static func url(_ name: String) -> URL? { index[name].map { URL(fileURLWithPath: $0) } }
  public static func has(_ names: String...) -> Bool { names.allSatisfy { index[$0] != nil } }
  public static func path(_ name: String) throws -> String {
    guard let path = index[name] else {
      throw MissingData("\(name) is in neither libncarg-data nor ferret-datasets here")
    }
    return path
  }
}

/// Data or a tool that a test needs is not on this machine.
public struct MissingData: Error, CustomStringConvertible {
  public let description: String
  public init(_ description: String) { self.description = description }
}

/// The program `isotach` that tests run: the release build where there is one (it is what users have), else
/// the debug build.
public enum Isotach {
  public static let binary: String? = {
    let candidates = [".build/release/isotach", ".build/debug/isotach"].map { PackageRoot.url($0).path }
    return candidates.first { FileManager.default.isExecutableFile(atPath: $0) }
  }()
  public static let reason: Comment = "isotach is not built: skipped (swift build -c release)"

  /// Runs `isotach` with these arguments.
  public static func run(
    _ arguments: [String], in folder: URL? = nil, environment: [String: String] = [:],
    timeout: Double = 120
  ) throws -> Command.Result {
    guard let binary else { throw MissingData("isotach is not built") }
    return try Command.run([binary] + arguments, in: folder, environment: environment, timeout: timeout)
  }
}

/// The Python tools that results are compared with, in `.venv` at the package root
/// (`Tests/peers/venv.sh` makes it).
public enum Peers {
  public static let python: String? = {
    let path = PackageRoot.url(".venv/bin/python").path
    return FileManager.default.isExecutableFile(atPath: path) ? path : nil
  }()
  public static let reason: Comment = ".venv is not there: skipped (Tests/peers/venv.sh makes it)"

  /// Runs a Python program given as text; its output on stdout. An exit other than 0 is an error with stderr.
  public static func run(_ program: String, _ arguments: [String] = [], timeout: Double = 300) throws
    -> String
  {
    guard let python else { throw MissingData("\(reason)") }
    let result = try Command.run([python, "-c", program] + arguments, timeout: timeout)
    guard result.exit == 0 else {
      throw MissingData("the Python program ended with \(result.status): \(result.stderr)")
    }
    return result.stdout
  }

  /// Whether a program (`cdo`, `ncdump`, ...) is on the PATH.
  public static func hasTool(_ name: String) -> Bool {
    let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
    return path.split(separator: ":")
      .contains { FileManager.default.isExecutableFile(atPath: "\($0)/\(name)") }
  }
}
