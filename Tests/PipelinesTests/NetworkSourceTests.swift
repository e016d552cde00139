import Basics
import Pipelines
import TestSupport
import Testing

/// Networks by name and from files, for `isotach model summary`.
@Suite struct NetworkSourceTests {
  private func code(_ name: String, _ settings: [(name: String, value: String)] = [], input: [Int]? = nil)
    -> (code: Int32, text: String)
  {
    do throws(Faults) {
      let summary = try NetworkSource(name, settings: settings).summary(input: input)
      return (0, summary.text)
    } catch {
      return (error.code.rawValue, error.description)
    }
  }

  @Test func ofTheZoo() {
    #expect(code("unet", [("padding", "valid"), ("outputs", "2")]).text.contains("31,030,658"))
    #expect(code("sha-unet", [("widths", "[64, 96, 128, 160]")]).text.contains("1,811,431"))
    let unknown = code("unte")
    #expect(unknown.code == 64 && unknown.text.contains("did you mean `unet`"))
    let wrong = code("unet", [("depht", "3"), ("base", "many")])
    #expect(wrong.code == 78 && wrong.text.contains("depht") && wrong.text.contains("base"))
    let ragged = code("unet", input: [5, 60, 64])
    #expect(ragged.code == 78 && ragged.text.contains("divisible by 16"))
  }

  @Test func noSuchFile() { #expect(code("nowhere/net.yaml").code == 66) }
}
