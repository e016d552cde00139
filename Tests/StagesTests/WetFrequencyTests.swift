import Foundation
import Grids
import Testing

@testable import Stages

@Suite("wet-frequency") struct WetFrequencyTests {
  private func golden(_ name: String) throws -> [Double] {
    let url = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(
      path: "peers/wet_frequency.json")
    let object = try JSONSerialization.jsonObject(with: Data(contentsOf: url)) as? [String: Any]
    return try #require(object?[name] as? [Double])
  }

  @Test func equalsNumpy() throws {
    let rain = QuantileFields.rain
    let (field, observed, reference) = (rain[0].value, rain[1].value, rain[2].value)
    let drier = try Plan(
      WetFrequency.self, ["wet": 0.5],
      ["input": field, "observed": observed, "reference": reference]
    ).run()
    // Powers of numpy and of the C library differ by a rounding.
    expectClose(drier.numbers, try golden("drier"), absolute: 1e-5)
    // The observations made as wet as the reference; both have the same years.
    let wetter = try Plan(WetFrequency.self, ["wet": 0.5], ["input": observed, "observed": reference]).run()
    expectClose(wetter.numbers, try golden("wetter"), absolute: 1e-5)
  }

  /// In the training the reference is wet as often as the observations, in each cell and month.
  @Test func theTrainingHasTheFrequencyOfItsObservations() throws {
    let rain = QuantileFields.rain
    let (observed, reference) = (rain[1].value, rain[2].value)
    let made = try Plan(WetFrequency.self, ["wet": 0.5], ["input": reference, "observed": observed]).run()
    func counts(_ field: Field) -> [Int] {
      (0..<12 * 6).map { k in
        stride(from: k / 6, to: 360, by: 12).reduce(0) {
          $0 + (field.numbers[$1 * 6 + k % 6] >= 0.5 ? 1 : 0)
        }
      }
    }
    #expect(counts(made) == counts(observed[0].1))
    #expect(counts(reference[0].1) != counts(observed[0].1))
    // What stays is as it was.
    for (new, old) in zip(made.numbers, reference[0].1.numbers) where new != 0 && old >= 0.5 {
      #expect(new == old)
    }
  }

  @Test func thresholds() {
    func threshold(_ observed: [Double], _ reference: [Double]) -> Double? {
      WetThresholds.threshold(observed: observed, reference: reference, wet: 1)
    }
    #expect(threshold([0, 0, 2, 3], [1, 2, 3, 4]) == 3)
    // Nothing that is 0 becomes wet.
    #expect(threshold([2, 2, 2, 2], [0, 0, 0.25, 4]) == 0.25)
    #expect(threshold([2, 2], [0, 0]) == 1)
    // No wet observation: only what is above all of the reference.
    #expect(threshold([0, 0], [5, 7]) == Double(Float(7).nextUp))
    #expect(threshold([0, 0], [0, 0.5]) == 1)
    #expect(threshold([], [1]) == nil && threshold([1], []) == nil)
  }

  @Test func saysWhatIsWrong() throws {
    let rain = QuantileFields.rain
    let (field, observed) = (rain[0].value, rain[1].value)
    #expect(throws: PlanError.self) {
      try Plan(WetFrequency.self, ["wet": 0], ["input": field, "observed": observed])
    }
    let other = Field(
      Description(
        variables: [Make.variable("pr", nil, "mm day-1")], time: QuantileFields.axis(1961),
        grid: Make.globe(3, 2)),
      [Float](repeating: 0, count: 360 * 6))
    #expect(throws: PlanError.self) {
      try Plan(WetFrequency.self, ["wet": 1], ["input": field, "observed": [("observed", other)]])
    }
    #expect(throws: PlanError.self) {
      try Plan(
        WetFrequency.self, ["wet": 1, "train": ["months": [1, 2]]], ["input": field, "observed": observed])
    }
  }
}
