import Foundation
import Networks
import Testing

@Suite struct LatitudeWeightsTests {
  @Test func areasOfRows() {
    let weights = latitudeWeights([-60, 0, 60])
    #expect(abs(weights[0] - 0.75) < 1e-12 && abs(weights[1] - 1.5) < 1e-12 && abs(weights[2] - 0.75) < 1e-12)
    let global = latitudeWeights((0..<181).map { Double($0) - 90 })
    #expect(abs(global.reduce(0, +) - 181) < 1e-9)
    #expect(global.allSatisfy { $0 >= 0 })
    #expect(global[0] < 1e-12)
  }

  @Test func edges() {
    #expect(latitudeWeights([]) == [])
    #expect(latitudeWeights([90, -90]) == [1, 1])
    #expect(latitudeWeights([.nan]) == [1])
    #expect(latitudeWeights([90.000001, 0])[0] >= 0)
  }
}
