import Foundation
import Kernels
import Testing

@Suite struct ElementwiseTests {
  typealias Unary = @convention(c) (UnsafePointer<Float>?, UnsafeMutablePointer<Float>?, Int64) -> Void

  struct Function: Sendable, CustomTestStringConvertible {
    let name: String
    let run: Unary
    let exact: @Sendable (Double) -> Double
    let range: ClosedRange<Double>
    var testDescription: String { name }
  }

  static let functions = [
    Function(name: "exp", run: isotach_exp, exact: exp, range: -87...88.7),
    Function(name: "expm1", run: isotach_expm1, exact: expm1, range: -20...88),
    Function(name: "expm1 near 0", run: isotach_expm1, exact: expm1, range: -0.5...0.5),
    Function(name: "log", run: isotach_log, exact: log, range: 1e-37...1e6),
    Function(name: "log near 1", run: isotach_log, exact: log, range: 0.5...2),
    Function(name: "log1p", run: isotach_log1p, exact: log1p, range: -0.9...9),
    Function(name: "tanh", run: isotach_tanh, exact: tanh, range: -10...10),
    Function(name: "erf", run: isotach_erf, exact: erf, range: -4...4),
    Function(name: "sigmoid", run: isotach_sigmoid, exact: { 1 / (1 + exp(-$0)) }, range: -80...80),
    Function(
      name: "softplus", run: isotach_softplus, exact: { $0 > 0 ? $0 + log1p(exp(-$0)) : log1p(exp($0)) },
      range: -80...80),
    Function(
      name: "gelu", run: isotach_gelu, exact: { 0.5 * $0 * erfc(-$0 * 0.5.squareRoot()) }, range: -1...8),
    Function(name: "sqrt", run: isotach_sqrt, exact: sqrt, range: 0...1e9),
  ]

  @Test(arguments: functions) func nearTheExactValue(function: Function) {
    let count = 20001
    let (low, high) = (function.range.lowerBound, function.range.upperBound)
    let x = (0..<count).map { Float(low + (high - low) * Double($0) / Double(count - 1)) }
    var y = [Float](repeating: 0, count: count)
    function.run(x, &y, Int64(count))
    var worst = (x: Float(0), error: 0.0)
    for (x, y) in zip(x, y) {
      let exact = function.exact(Double(x))
      let error = abs(Double(y) - exact) / max(abs(exact), 1e-37) / 0x1p-24
      if !(error <= worst.error) { worst = (x, error) }
    }
    #expect(worst.error < 5, "\(worst.error) half units at \(worst.x)")
  }

  @Test func bitsDoNotDependOnTheCut() {
    let count = 103
    let x = (0..<count).map { Float($0 - 50) * 0.37 + 0.01 }
    for function in Self.functions {
      var whole = [Float](repeating: 0, count: count)
      function.run(x, &whole, Int64(count))
      for start in [1, 2, 5, 16, 33, 100] {
        var part = Array(x[start...])
        part.withUnsafeMutableBufferPointer { part in
          // In place: source and target may be the same.
          function.run(part.baseAddress, part.baseAddress, Int64(part.count))
        }
        #expect(part.map(\.bitPattern) == whole[start...].map(\.bitPattern), "\(function.name) from \(start)")
      }
    }
  }

  @Test func ends() {
    let infinite = Float.infinity
    func values(_ run: Unary, _ x: [Float]) -> [Float] {
      var y = x
      run(x, &y, Int64(x.count))
      return y
    }
    #expect(values(isotach_exp, [-200, infinite, -infinite, 89]) == [0, infinite, 0, infinite])
    #expect(values(isotach_exp, [-100])[0] > 0)
    #expect(values(isotach_log, [0, infinite, 1]) == [-infinite, infinite, 0])
    #expect(values(isotach_log, [-1])[0].isNaN)
    #expect(values(isotach_tanh, [100, -100, infinite, -infinite]) == [1, -1, 1, -1])
    #expect(values(isotach_sigmoid, [200, -200]) == [1, 0])
    #expect(values(isotach_softplus, [200, -200, infinite]) == [200, 0, infinite])
    #expect(values(isotach_gelu, [-20, 20, -infinite, infinite]) == [0, 20, 0, infinite])
    #expect(values(isotach_expm1, [-200, 200]) == [-1, infinite])
    #expect(values(isotach_relu, [-1, 0, 2]) == [0, 0, 2])
    for function in Self.functions { #expect(values(function.run, [.nan])[0].isNaN, "\(function.name)") }
    #expect(values(isotach_relu, [.nan])[0].isNaN)
  }

  @Test func geluGradientIsTheDerivative() {
    let x = (0..<200).map { Float($0 - 100) * 0.07 }
    let seeds = [Float](repeating: 2, count: x.count)
    var y = x
    isotach_gelu_gradient(x, seeds, &y, Int64(x.count))
    func gelu(_ x: Double) -> Double { 0.5 * x * erfc(-x * 0.5.squareRoot()) }
    for (x, y) in zip(x, y) {
      let slope = (gelu(Double(x) + 1e-5) - gelu(Double(x) - 1e-5)) / 2e-5
      #expect(abs(Double(y) - 2 * slope) < 1e-6)
    }
  }

  @Test(arguments: [0, 1, 7, 16, 17, 1000]) func plainLoops(count: Int) {
    let a = (0..<count).map { Float(($0 * 37) % 101) - 50 }
    let b = (0..<count).map { Float(($0 * 53) % 97) + 0.5 }
    var y = [Float](repeating: 0, count: count)
    let n = Int64(count)
    isotach_add(a, b, &y, n)
    #expect(y == zip(a, b).map { $0 + $1 })
    isotach_subtract(a, b, &y, n)
    #expect(y == zip(a, b).map { $0 - $1 })
    isotach_multiply(a, b, &y, n)
    #expect(y == zip(a, b).map { $0 * $1 })
    isotach_divide(a, b, &y, n)
    #expect(y == zip(a, b).map { $0 / $1 })
    isotach_relu_gradient(a, b, &y, n)
    #expect(y == zip(a, b).map { $0 > 0 ? $1 : 0 })
    isotach_leaky_relu(a, &y, n, 0.25)
    #expect(y == a.map { $0 > 0 ? $0 : $0 * 0.25 })
    isotach_scale_shift(a, &y, n, 2, 3)
    #expect(y == a.map { $0 * 2 + 3 })
    isotach_combine(a, b, &y, n, 2, -1, 0.5)
    #expect(y == zip(a, b).map { 2 * $0 - $1 + 0.5 })
    isotach_accumulate(a, &y, n)
    #expect(y == zip(a, b).map { 2 * $0 - $1 + 0.5 + $0 })
    let sum = a.reduce(0.0) { $0 + Double($1) }
    #expect(abs(isotach_sum(a, n) - sum) <= 1e-9 * abs(sum))
    let squares = a.reduce(0.0) { $0 + (Double($1) - 1.5) * (Double($1) - 1.5) }
    #expect(abs(isotach_sum_squares(a, n, 1.5) - squares) <= 1e-9 * squares)
    let products = zip(a, b).reduce(0.0) { $0 + Double($1.0) * (Double($1.1) - 2) }
    #expect(abs(isotach_sum_products(a, b, n, 2) - products) <= 1e-9 * (1 + abs(products)))
  }

  @Test func sumOfRows() {
    let (rows, columns) = (5, 37)
    let x = (0..<rows * columns).map { Float($0 % 23) - 11 }
    var sums = [Float](repeating: 0, count: columns)
    isotach_sum_rows(x, Int64(rows), Int64(columns), &sums)
    for column in 0..<columns {
      #expect(sums[column] == (0..<rows).reduce(0) { $0 + x[$1 * columns + column] })
    }
  }
}
