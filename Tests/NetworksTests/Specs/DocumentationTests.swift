import Basics
import Foundation
import Networks
import Testing

/// `docs/networks.md` names everything that YAML can name, with all keys and defaults.
@Suite(.serialized) struct DocumentationTests {
  static let kinds: [(title: String, declarations: [Declaration])] = [
    ("Layers", allLayers.map { $0.declaration }), ("Networks", allModels.map { $0.declaration }),
    ("Losses", allLosses.map { $0.declaration }), ("Optimisers", allOptimisers.map { $0.declaration }),
    ("Schedules", allSchedules.map { $0.declaration }),
    ("Initialisers", allInitialisers.map { $0.declaration }),
  ]

  static let page = URL(filePath: #filePath).resolvingSymlinksInPath()
    .deletingLastPathComponent()
    .appending(path: "../../../docs/networks.md").standardized

  /// A row of the page's tables.
  static func row(_ declaration: Declaration) -> String {
    let keys = declaration.keys.map { key in
      let value = key.isRequired ? " (required)" : key.defaultText.map { " = \($0)" } ?? ""
      return "`\(key.name)`\(value): \(key.summary)"
    }
    return "| `\(declaration.name)` | \(declaration.summary) | \(keys.joined(separator: "; ")) |"
      .replacingOccurrences(of: "\n", with: " ")
  }

  static func rows(_ title: String) -> [String] {
    kinds.first { $0.title == title }?.declarations.sorted { $0.name < $1.name }.map(row) ?? []
  }

  @Test(arguments: kinds.map(\.title)) func everyNameAndKeyIsOnThePage(_ title: String) throws {
    if ProcessInfo.processInfo.environment["ISOTACH_WRITE_DOCS"] != nil { try Self.write() }
    let page = try String(contentsOf: Self.page, encoding: .utf8)
    let section = try #require(
      page.components(separatedBy: "\n## ").first { $0.hasPrefix(title + "\n") }, "no section \(title)")
    let found = section.split(separator: "\n").filter { $0.hasPrefix("| `") }.map(String.init)
    let declarations = Self.kinds.first { $0.title == title }?.declarations ?? []
    for declaration in declarations {
      let row = found.first { $0.hasPrefix("| `\(declaration.name)` |") }
      let missing = declaration.keys.map { "`\($0.name)`" }.filter { row?.contains($0) != true }
      #expect(
        row != nil && missing.isEmpty,
        "set ISOTACH_WRITE_DOCS=1 for this test, or put into docs/networks.md: \(Self.row(declaration))")
    }
    for row in found {
      let isDeclared = declarations.contains { row.hasPrefix("| `\($0.name)` |") }
      #expect(isDeclared, "\(title) has no longer: \(row)")
    }
  }

  /// The tables anew, the text between them as it is.
  static func write() throws {
    let page = try String(contentsOf: page, encoding: .utf8)
    var lines: [Substring] = []
    var title = ""
    for line in page.split(separator: "\n", omittingEmptySubsequences: false) {
      if line.hasPrefix("## ") { title = String(line.dropFirst(3)) }
      if line.hasPrefix("| `") { continue }
      lines.append(line)
      if line.hasPrefix("| ---") { lines += rows(title).map { Substring($0) } }
    }
    try Data(lines.joined(separator: "\n").utf8).write(to: Self.page)
  }
}
