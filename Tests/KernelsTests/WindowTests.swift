import Kernels
import Testing

/// Pooling and the columns of convolutions, against loops over every window position.
@Suite struct WindowTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let input: [Int]
    let kernel: [Int]
    var stride = [1, 1, 1]
    var dilation = [1, 1, 1]
    var before = [0, 0, 0]
    var after = [0, 0, 0]
    var testDescription: String { "\(input) \(kernel) \(stride) \(dilation) \(before) \(after)" }

    var output: [Int] {
      (0..<3).map {
        (input[$0] + before[$0] + after[$0] - (kernel[$0] - 1) * dilation[$0] - 1) / stride[$0] + 1
      }
    }
    var window: isotach_window {
      func three(_ values: [Int]) -> (Int64, Int64, Int64) {
        (Int64(values[0]), Int64(values[1]), Int64(values[2]))
      }
      return isotach_window(
        input: three(input), output: three(output), kernel: three(kernel), stride: three(stride),
        dilation: three(dilation), before: three(before), after: three(after))
    }
    var inputCount: Int { input.reduce(1, *) }
    var outputCount: Int { output.reduce(1, *) }

    /// For each output position the cells under the window; nil in the padding, absent behind it.
    func cells() -> [[Int?]] {
      var all: [[Int?]] = []
      for z in 0..<output[0] {
        for y in 0..<output[1] {
          for x in 0..<output[2] {
            var under: [Int?] = []
            for a in 0..<kernel[0] {
              for b in 0..<kernel[1] {
                for c in 0..<kernel[2] {
                  let at = [z, y, x].indices.map {
                    [z, y, x][$0] * stride[$0] - before[$0] + [a, b, c][$0] * dilation[$0]
                  }
                  let isInside = (0..<3).allSatisfy { at[$0] >= 0 && at[$0] < input[$0] }
                  under.append(isInside ? (at[0] * input[1] + at[1]) * input[2] + at[2] : nil)
                }
              }
            }
            all.append(under)
          }
        }
      }
      return all
    }
  }

  static let cases = [
    Case(input: [1, 4, 6], kernel: [1, 2, 2], stride: [1, 2, 2]),
    Case(input: [1, 5, 7], kernel: [1, 2, 2], stride: [1, 2, 2]),
    Case(input: [1, 5, 7], kernel: [1, 3, 3], before: [0, 1, 1], after: [0, 1, 1]),
    Case(input: [1, 1, 9], kernel: [1, 1, 4], stride: [1, 1, 3], before: [0, 0, 2], after: [0, 0, 1]),
    Case(input: [1, 9, 8], kernel: [1, 3, 2], stride: [1, 2, 3], dilation: [1, 2, 3], before: [0, 2, 1]),
    Case(input: [4, 5, 3], kernel: [2, 3, 2], stride: [2, 1, 1], before: [1, 0, 1], after: [0, 2, 0]),
    Case(input: [1, 1, 1], kernel: [1, 3, 3], before: [0, 1, 1], after: [0, 1, 1]),
    Case(input: [1, 2, 2], kernel: [1, 5, 5], before: [0, 3, 4], after: [0, 3, 1]),
  ]

  func numbers(_ count: Int, _ seed: UInt64) -> [Float] {
    var values = [Float](repeating: 0, count: count)
    isotach_philox_uniform(seed, 0, 0, &values, Int64(count))
    return values.map { $0 - 0.5 }
  }

  @Test(arguments: cases) func maxPool(one: Case) {
    let source = numbers(one.inputCount, 1)
    var window = one.window
    var target = [Float](repeating: 0, count: one.outputCount)
    var places = target
    isotach_max_pool(&window, source, &target, &places)
    var expected = [Float](repeating: 0, count: one.inputCount)
    let seeds = numbers(one.outputCount, 2)
    for (index, under) in one.cells().enumerated() {
      let inside = under.compactMap { $0 }
      let best = inside.max { source[$0] < source[$1] }
      #expect(target[index] == best.map { source[$0] } ?? -.infinity)
      #expect(places[index] == Float(best ?? 0))
      expected[best ?? 0] += seeds[index]
    }
    var gradient = [Float](repeating: 9, count: one.inputCount)
    isotach_scatter_places(seeds, places, Int64(seeds.count), &gradient, Int64(gradient.count))
    #expect(gradient == expected)
  }

  @Test func firstOfEqualsAndNaNWin() {
    var window = Case(input: [1, 2, 4], kernel: [1, 2, 2], stride: [1, 2, 2]).window
    var target: [Float] = [0, 0]
    var places: [Float] = [0, 0]
    isotach_max_pool(&window, [3, 3, 1, .nan, 3, 3, 5, 2], &target, &places)
    #expect(target[0] == 3 && places == [0, 3] && target[1].isNaN)
  }

  @Test(arguments: [(2, 2), (5, 9), (8, 70), (7, 32), (3, 131)]) func maxPoolByTwo(height: Int, width: Int) {
    let one = Case(input: [1, height, width], kernel: [1, 2, 2], stride: [1, 2, 2])
    var window = one.window
    var source = numbers(one.inputCount, 1)
    (source[1], source[width]) = (source[0], source[0])
    let seeds = numbers(one.outputCount, 2)
    for number in [0.25, Float.nan] {
      source[one.inputCount / 2] = number
      var (expected, places) = (seeds, seeds)
      var expectedGradient = [Float](repeating: 9, count: one.inputCount)
      isotach_max_pool(&window, source, &expected, &places)
      isotach_scatter_places(seeds, places, Int64(seeds.count), &expectedGradient, Int64(one.inputCount))
      var found = [Float](repeating: 9, count: one.outputCount)
      isotach_max_pool_half(source, Int64(width), Int64(height / 2), Int64(width / 2), &found)
      #expect(found.map(\.bitPattern) == expected.map(\.bitPattern))
      var gradient = [Float](repeating: 9, count: one.inputCount)
      isotach_max_pool_half_gradient(
        source, seeds, Int64(height), Int64(width), Int64(height / 2), Int64(width / 2), &gradient)
      #expect(gradient == expectedGradient)
    }
  }

  @Test(arguments: cases, [false, true]) func averagePool(one: Case, countPadding: Bool) {
    let source = numbers(one.inputCount, 3)
    let seeds = numbers(one.outputCount, 4)
    var window = one.window
    var target = [Float](repeating: 0, count: one.outputCount)
    isotach_average_pool(&window, countPadding ? 1 : 0, source, &target)
    var expected = [Double](repeating: 0, count: one.inputCount)
    for (index, under) in one.cells().enumerated() {
      let inside = under.compactMap { $0 }
      let count = countPadding ? under.count : inside.count
      let mean = count == 0 ? 0 : inside.reduce(0.0) { $0 + Double(source[$1]) } / Double(count)
      #expect(abs(Double(target[index]) - mean) < 1e-6)
      for cell in inside { expected[cell] += Double(seeds[index]) / Double(count) }
    }
    var gradient = [Float](repeating: 9, count: one.inputCount)
    isotach_average_pool_gradient(&window, countPadding ? 1 : 0, seeds, &gradient)
    for (found, expected) in zip(gradient, expected) { #expect(abs(Double(found) - expected) < 1e-5) }
  }

  @Test(arguments: cases) func columns(one: Case) {
    let channels = 3
    let source = numbers(channels * one.inputCount, 5)
    let kernel = one.kernel.reduce(1, *)
    let cells = one.cells()
    var window = one.window
    for (first, last) in [(0, one.outputCount), (one.outputCount / 3, one.outputCount), (0, 1)] {
      let count = last - first
      var columns = [Float](repeating: 9, count: channels * kernel * count)
      isotach_im2col(&window, Int64(channels), source, Int64(first), Int64(last), &columns)
      let weights = numbers(columns.count, 6)
      var sums = [Float](repeating: 0, count: source.count)
      var expected = sums
      for c in 0..<channels {
        for k in 0..<kernel {
          for p in first..<last {
            let cell = cells[p][k]
            let row = (c * kernel + k) * count + p - first
            #expect(columns[row] == cell.map { source[c * one.inputCount + $0] } ?? 0)
            if let cell { expected[c * one.inputCount + cell] += weights[row] }
          }
        }
      }
      isotach_col2im_add(&window, Int64(channels), weights, Int64(first), Int64(last), &sums)
      for (found, expected) in zip(sums, expected) { #expect(abs(found - expected) < 1e-5) }
    }
  }
}
