import Basics
import Testing

@Suite struct PrintableTests {
  @Test func ordinaryTextStays() {
    #expect(printable("Température, 気温 \\ °C") == "Température, 気温 \\ °C")
  }

  @Test func controlAndDirectionAreShown() {
    #expect(printable("a\u{1B}[31mb") == "a\\u{1B}[31mb")
    #expect(printable("a\nb\t\\") == "a\\nb\\t\\\\")
    #expect(printable("user\u{202E}cn.exe") == "user\\u{202E}cn.exe")
    #expect(printable("\u{9B}31m\u{7F}\u{200B}") == "\\u{9B}31m\\u{7F}\\u{200B}")
  }

  @Test func longTextIsCut() {
    #expect(printable("abcdef", limit: 3) == "abc...")
    #expect(printable("abc", limit: 3) == "abc")
  }
}
