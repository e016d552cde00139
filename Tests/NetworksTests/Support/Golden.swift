import Foundation
import Testing

/// Numbers of a peer: `golden/<file>`, made by a script in `peers`.
func golden<T: Decodable>(_ type: T.Type, _ file: String) throws -> T {
  let url = try #require(
    Bundle.module.url(forResource: "golden/\(file)", withExtension: nil), "there is no golden/\(file)")
  return try JSONDecoder().decode(type, from: try Data(contentsOf: url))
}

/// abs(found - expected) <= atol + rtol * abs(expected); says where it is worst.
func expectClose(
  _ found: [Double], _ expected: [Double], rtol: Double, atol: Double, _ what: String,
  sourceLocation: SourceLocation = #_sourceLocation
) {
  guard found.count == expected.count else {
    Issue.record(
      "\(what): \(found.count) numbers, expected \(expected.count)", sourceLocation: sourceLocation)
    return
  }
  var worst = (index: -1, excess: 0.0)
  for index in found.indices {
    let excess = abs(found[index] - expected[index]) - (atol + rtol * abs(expected[index]))
    if !(excess <= worst.excess) { worst = (index, excess.isNaN ? .infinity : excess) }
  }
  if worst.index >= 0 {
    Issue.record(
      "\(what): element \(worst.index) is \(found[worst.index]), expected \(expected[worst.index])",
      sourceLocation: sourceLocation)
  }
}
