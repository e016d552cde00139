import Basics
import Testing

@testable import Networks

@Suite struct ScheduleTests {
  struct Case: Decodable, Sendable, CustomTestStringConvertible {
    let name: String
    let keys: JSONSetting
    let total: Int
    let losses: [Double]
    let factors: [Double]
    var testDescription: String { configuration.json.text }
    var configuration: ConfigValue {
      guard case .object(let entries) = keys, !entries.isEmpty else { return .text(name) }
      return .mapping([(name, keys.configuration)])
    }
  }

  static func make(_ configuration: ConfigValue) throws -> any Schedule {
    let decoding = Decoding()
    let made = decoding.schedule(configuration)
    return try #require(made, "\(decoding.faults)")
  }

  @Test(arguments: try golden([Case].self, "schedules.json"))
  func ratesAreThePeers(_ one: Case) throws {
    let schedule = try Self.make(one.configuration)
    func factors(_ schedule: any Schedule) -> [Double] {
      (0..<one.total).map { step in
        let before = one.losses.prefix(step).enumerated().map { (step: $0.offset, loss: $0.element) }
        return schedule.factor(step: step, total: one.total, validation: before)
      }
    }
    expectClose(factors(schedule), one.factors, rtol: 1e-9, atol: 1e-12, "factors")
    let again = try Self.make(schedule.configuration)
    #expect(factors(again) == factors(schedule))
    #expect(again.configuration.json.text == schedule.configuration.json.text)
  }

  @Test func everyScheduleHasAPeer() throws {
    let tested = Set(try golden([Case].self, "schedules.json").map(\.name))
    #expect(Set(allSchedules.map { $0.declaration.name }) == tested)
  }

  /// Beyond the end, before any loss, with no steps at all: a number, and never above the first.
  @Test(arguments: try golden([Case].self, "schedules.json"))
  func edges(_ one: Case) throws {
    let schedule = try Self.make(one.configuration)
    for (step, total) in [(0, 0), (0, 1), (1, 1), (5, 1), (1_000_000, 20), (Int.max / 2, 20)] {
      let factor = schedule.factor(step: step, total: total, validation: [(0, .nan)])
      #expect(factor.isFinite && factor >= 0 && factor <= 1, "\(one.name) at \(step) of \(total): \(factor)")
    }
  }

  @Test func warmUpGivesItsFollowerOnlyLaterLosses() throws {
    let schedule = try Self.make(
      .mapping([
        (
          "warm-up",
          .mapping([
            ("steps", .integer(10)), ("then", .mapping([("plateau", .mapping([("patience", .integer(0))]))])),
          ])
        )
      ]))
    let losses = [(step: 3, loss: 1.0), (step: 8, loss: 2.0), (step: 12, loss: 5.0)]
    #expect(schedule.factor(step: 20, total: 40, validation: losses) == 1)
    #expect(schedule.factor(step: 20, total: 40, validation: losses + [(step: 14, loss: 5)]) == 0.1)
  }

  @Test(arguments: [
    (ConfigValue.text("step"), "every"),
    (.mapping([("step", .mapping([("every", .number(1.5))]))]), "every"),
    (.mapping([("step", .mapping([("every", .number(3)), ("at", .list([.number(3)]))]))]), "every"),
    (.mapping([("step", .mapping([("at", .list([.number(3), .number(-1)]))]))]), "at"),
    (.text("exponential"), "factor"),
    (.mapping([("plateau", .mapping([("factor", .number(1))]))]), "factor"),
    (.mapping([("plateau", .mapping([("patience", .number(-1))]))]), "patience"),
    (.mapping([("warm-up", .mapping([("steps", .number(3)), ("then", .text("cosin"))]))]), "cosin"),
    (.mapping([("cosine", .mapping([("minimum", .number(2))]))]), "minimum"),
  ])
  func wrongKeys(_ configuration: ConfigValue, _ word: String) {
    let decoding = Decoding()
    #expect(decoding.schedule(configuration) == nil)
    #expect(decoding.faults.first?.cause.contains(word) == true)
  }
}
