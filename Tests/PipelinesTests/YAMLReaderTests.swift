import Stages
import Testing

@testable import Pipelines

@Suite struct YAMLReaderTests {
  private func fault(_ text: String) -> String {
    do throws(PlanError) {
      _ = try YAMLReader.read(Array(text.utf8))
      return "none"
    } catch {
      return "\(error.mark.map(String.init(describing:)) ?? "-") \(error.cause)"
    }
  }

  @Test func valuesKeepTheirPlaces() throws {
    let root = try #require(try YAMLReader.read(Array("a: 1\nb:\n  - 'x'\n  - {c: null}\n".utf8)).root)
    #expect(root["a"]?.integer == 1)
    #expect(root["a"]?.mark == Mark(line: 1, column: 4))
    let list = try #require(root["b"]?.list)
    #expect(list[0].content == .scalar("x", isQuoted: true))
    #expect(list[0].mark == Mark(line: 3, column: 5))
    #expect(list[1]["c"]?.content == .null)
  }

  @Test func aQuotedNumberIsText() throws {
    let root = try #require(try YAMLReader.read(Array("a: '1'\nb: !!str 2\n".utf8)).root)
    #expect(root["a"]?.number == nil && root["a"]?.text == "1")
    #expect(root["b"]?.number == nil && root["b"]?.text == "2")
  }

  @Test func aliasesAreExpandedAndCounted() throws {
    let root = try #require(try YAMLReader.read(Array("a: &x [1, 2]\nb: *x\n".utf8)).root)
    #expect(root["b"]?.list?.count == 2)
    // Each level is ten times the one above: 10^6 values from a few lines.
    var text = "x0: &x0 [a, a, a, a, a, a, a, a, a, a]\n"
    for level in 1...6 {
      text +=
        "x\(level): &x\(level) [" + Array(repeating: "*x\(level - 1)", count: 10).joined(separator: ", ")
        + "]\n"
    }
    #expect(fault(text).contains("more than 10000 values"))
  }

  @Test func anAliasInsideOfWhatItNamesIsACycle() {
    #expect(fault("a: &x [1, *x]\n") == "1:11 the alias `*x` stands inside of what it names: a cycle")
    #expect(fault("a: *nowhere\n").hasPrefix("1:4 the alias `*nowhere` names nothing"))
  }

  @Test func depthIsLimitedThroughAliasesToo() {
    #expect(
      fault(String(repeating: "[", count: 60) + String(repeating: "]", count: 60)).contains("50 levels"))
    let deep = String(repeating: "[", count: 30) + "1" + String(repeating: "]", count: 30)
    let deeper = String(repeating: "[", count: 30) + "*x" + String(repeating: "]", count: 30)
    #expect(fault("a: &x \(deep)\nb: \(deeper)\n").contains("50 levels"))
  }

  @Test func duplicateKeysAreAllReported() throws {
    let read = try YAMLReader.read(Array("a: 1\nb: 2\na: 3\nb: 4\n".utf8))
    #expect(read.duplicates.map(\.mark) == [Mark(line: 3, column: 1), Mark(line: 4, column: 1)])
    #expect(read.root?["a"]?.integer == 1)
  }

  @Test func whatIsNoCoreYAMLIsRefused() {
    #expect(fault("a: !!python/object:os.system x\n").contains("is not allowed"))
    #expect(fault("a: !mine 1\n").contains("`!mine` is not allowed"))
    #expect(fault("a: 1\n---\nb: 2\n").hasPrefix("2:1 a second document"))
    #expect(fault("a: [1\n").contains("this is no YAML"))
    #expect(fault("[a, b]: 1\n").contains("a key must be plain text"))
  }

  @Test func badTextIsRefusedWithItsPlace() throws {
    #expect(YAMLReader.firstBadUTF8(Array("añ\nb".utf8)) == nil)
    #expect(YAMLReader.firstBadUTF8([0x61, 0x0A, 0x62, 0xFF]) == Mark(line: 2, column: 2))
    for bytes in [[0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xE2, 0x82]] as [[UInt8]] {
      #expect(YAMLReader.firstBadUTF8(bytes) == Mark(line: 1, column: 1))
    }
    #expect(throws: PlanError.self) { try YAMLReader.read([UInt8](repeating: 0x20, count: (1 << 20) + 1)) }
  }
}
