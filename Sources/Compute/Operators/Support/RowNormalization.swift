import Tensors

/// What instance, group and layer normalisation have in common: rows of numbers are brought to mean 0 and variance 1,
/// then scaled. Element j of row r has scale number (r % period) * width + j / run.
struct RowNormalization: Sendable, Hashable {
  let rows: Int
  let length: Int
  let period: Int
  let width: Int
  let run: Int
  let epsilon: Double

  /// Numbers of scale and bias.
  var scales: Int { period * width }

  @inline(__always)
  private func moments<T: Real>(_ x: Operand<T>, _ row: Int) -> (mean: Double, inverse: Double) {
    let start = row * length
    var sum = 0.0
    for index in start..<start + length { sum += Double(x[index]) }
    let mean = sum / Double(length)
    var squares = 0.0
    for index in start..<start + length {
      let deviation = Double(x[index]) - mean
      squares += deviation * deviation
    }
    return (mean, 1 / (squares / Double(length) + epsilon).squareRoot())
  }

  private func moments(_ x: Operand<Float>, fast row: Int) -> (mean: Double, inverse: Double) {
    let from = unsafe x.pointer + row * length
    let mean = unsafe Sums.plain(from, length) / Double(length)
    let squares = unsafe Sums.squares(from, length, mean: mean)
    return (mean, 1 / (squares / Double(length) + epsilon).squareRoot())
  }

  /// Inputs: x, scale, bias.
  func reference<T: Real>(_ inputs: [Operand<T>], _ output: Operand<T>) {
    for row in 0..<rows {
      let (mean, inverse) = moments(inputs[0], row)
      for index in 0..<length {
        let place = (row % period) * width + index / run
        let normalised = (Double(inputs[0][row * length + index]) - mean) * inverse
        output[row * length + index] = T(normalised * Double(inputs[1][place]) + Double(inputs[2][place]))
      }
    }
  }

  func compute(_ inputs: [Operand<Float>], _ output: Operand<Float>, _ context: RunContext) {
    let (x, scale, bias) = (inputs[0], inputs[1], inputs[2])
    context.parallel(over: rows, grain: max(1, 8192 / max(1, length))) { rows in
      for row in rows {
        let (mean, inverse) = moments(x, fast: row)
        let (to, from) = unsafe (output.pointer + row * length, x.pointer + row * length)
        let first = (row % period) * width
        if run == 1 {
          let (scales, biases) = unsafe (scale.pointer + first, bias.pointer + first)
          let (mean, inverse) = (Float(mean), Float(inverse))
          for index in 0..<length {
            unsafe to[index] = (from[index] - mean) * inverse * scales[index] + biases[index]
          }
        } else {
          for part in 0..<width {
            unsafe ChannelLayout.scale(
              to + part * run, from + part * run, run, mean: Float(mean),
              factor: Float(Double(scale[first + part]) * inverse), bias: bias[first + part])
          }
        }
      }
    }
  }

  /// Gradients with respect to x, scale and bias. Inputs: x, scale, seed.
  func referenceGradient<T: Real>(_ inputs: [Operand<T>], _ outputs: [Operand<T>]) {
    var (dscale, dbias) = ([Double](repeating: 0, count: scales), [Double](repeating: 0, count: scales))
    for row in 0..<rows {
      let (mean, inverse) = moments(inputs[0], row)
      var (sum, products) = (0.0, 0.0)
      for index in 0..<length {
        let place = (row % period) * width + index / run
        let normalised = (Double(inputs[0][row * length + index]) - mean) * inverse
        let seed = Double(inputs[2][row * length + index])
        dscale[place] += seed * normalised
        dbias[place] += seed
        sum += seed * Double(inputs[1][place])
        products += seed * Double(inputs[1][place]) * normalised
      }
      for index in 0..<length {
        let place = (row % period) * width + index / run
        let normalised = (Double(inputs[0][row * length + index]) - mean) * inverse
        let scaled = Double(inputs[2][row * length + index]) * Double(inputs[1][place])
        outputs[0][row * length + index] = T(
          inverse * (scaled - (sum + normalised * products) / Double(length)))
      }
    }
    for place in 0..<scales {
      outputs[1][place] = T(dscale[place])
      outputs[2][place] = T(dbias[place])
    }
  }

  /// Mean and inverse deviation of each row, in double.
  var workspaceBytes: Int { rows * 2 * MemoryLayout<Double>.stride }

  func computeGradient(_ inputs: [Operand<Float>], _ outputs: [Operand<Float>], _ context: RunContext) {
    let (x, scale, seed) = (inputs[0], inputs[1], inputs[2])
    let (dx, dscale, dbias) = (outputs[0], outputs[1], outputs[2])
    guard let base = unsafe context.workspace.baseAddress else { return referenceGradient(inputs, outputs) }
    let kept = unsafe Moments(base.assumingMemoryBound(to: Double.self))
    context.parallel(over: rows, grain: max(1, 8192 / max(1, length))) { rows in
      for row in rows {
        let (mean, inverse) = moments(x, fast: row)
        unsafe kept.numbers[2 * row] = mean
        unsafe kept.numbers[2 * row + 1] = inverse
        let (values, seeds) = unsafe (x.pointer + row * length, seed.pointer + row * length)
        let scales = unsafe scale.pointer + (row % period) * width
        var (sum, products) = (0.0, 0.0)
        if run == 1 {
          sum = Sums.strands(length) { unsafe Double(seeds[$0]) * Double(scales[$0]) }
          products = Sums.strands(length) {
            unsafe Double(seeds[$0]) * Double(scales[$0]) * (Double(values[$0]) - mean)
          }
        } else {
          for part in 0..<width {
            let factor = unsafe Double(scales[part])
            unsafe sum += factor * Sums.plain(seeds + part * run, run)
            unsafe products +=
              factor
              * Sums.products(seeds + part * run, values + part * run, run, mean: mean)
          }
        }
        let slope = Float(products * inverse * inverse / Double(length))
        let (average, center, factor) = (Float(sum / Double(length)), Float(mean), Float(inverse))
        let to = unsafe dx.pointer + row * length
        if run == 1 {
          for index in 0..<length {
            unsafe to[index] =
              factor * (seeds[index] * scales[index] - average - (values[index] - center) * slope)
          }
          continue
        }
        for part in 0..<width {
          let scale = unsafe scales[part]
          for index in part * run..<(part + 1) * run {
            unsafe to[index] = factor * (seeds[index] * scale - average - (values[index] - center) * slope)
          }
        }
      }
    }
    // Each number of the scale sums over its rows, in their order.
    context.parallel(over: scales, grain: max(1, 8192 / max(1, rows / period * run))) { places in
      for place in places {
        var (products, sum) = (0.0, 0.0)
        for row in stride(from: place / width, to: rows, by: period) {
          let start = row * length + place % width * run
          let (mean, inverse) = unsafe (kept.numbers[2 * row], kept.numbers[2 * row + 1])
          if run == 1 {
            sum += Double(seed[start])
            products += Double(seed[start]) * (Double(x[start]) - mean) * inverse
          } else {
            unsafe sum += Sums.plain(seed.pointer + start, run)
            unsafe products +=
              inverse
              * Sums.products(seed.pointer + start, x.pointer + start, run, mean: mean)
          }
        }
        dscale[place] = Float(products)
        dbias[place] = Float(sum)
      }
    }
  }

  /// Memory that the pieces share; each row has its own part.
  private struct Moments: @unchecked Sendable {
    let numbers: UnsafeMutablePointer<Double>
    init(_ numbers: UnsafeMutablePointer<Double>) { unsafe self.numbers = numbers }
  }

  /// What forward and gradient cost for each element.
  func cost(_ operations: Double) -> Cost { Cost(operations: operations * Double(rows) * Double(length)) }
}

/// An operator that normalises rows: x, scale and bias in, y out.
protocol RowNormalizing: Operator {
  func rows(_ x: Shape) throws(OperatorError) -> RowNormalization
  /// The shape of scale and bias.
  func scaleShape(_ x: Shape) throws(OperatorError) -> Shape
}

extension RowNormalizing {
  public func outputShapes(_ inputs: [Shape]) throws(OperatorError) -> [Shape] {
    try inputs.expect(3)
    let rows = try rows(inputs[0])
    guard inputs[0].count > 0 else {
      throw OperatorError("there is nothing to normalise in \(inputs[0])")
    }
    guard rows.epsilon >= 0, rows.epsilon.isFinite else {
      throw OperatorError("epsilon must not be negative, found \(rows.epsilon)")
    }
    let expected = try scaleShape(inputs[0])
    for other in inputs[1...] where other != expected {
      throw OperatorError("scale and bias must be \(expected), found \(other)")
    }
    return [inputs[0]]
  }

  public func compute(_ inputs: [Operand<Float>], _ outputs: [Operand<Float>], _ run: RunContext) {
    (try? rows(inputs[0].shape))?.compute(inputs, outputs[0], run)
  }

  public func gradient(of call: Call, _ seeds: [Value?], in graph: inout Graph) throws(GraphError) -> [Value?]
  {
    guard let seed = seeds[0] else { return [nil, nil, nil] }
    let rows: RowNormalization
    do { rows = try self.rows(graph.shape(call.inputs[0])) } catch {
      throw GraphError(path: call.path, error.cause, shapes: call.inputs.map(graph.shape))
    }
    return try graph.apply(
      RowNormalizationGradient(rows: rows), [call.inputs[0], call.inputs[1], seed]
    ).map { $0 }
  }

  public func cost(_ inputs: [Shape], _ outputs: [Shape]) -> Cost {
    Cost(operations: 7 * Double(inputs[0].count))
  }
}

/// Gradients of instance, group and layer normalisation with respect to x, scale and bias. Inputs: x, scale, seed.
struct RowNormalizationGradient: Operator {
  static let name = "RowNormalizationGradient"
  let rows: RowNormalization

  func outputShapes(_ inputs: [Shape]) throws(OperatorError) -> [Shape] { [inputs[0], inputs[1], inputs[1]] }
  func workspaceBytes(_ inputs: [Shape], threads: Int) -> Int { rows.workspaceBytes }

  @_specialize(where T == Float) @_specialize(where T == Double)
  func reference<T: Real>(_ inputs: [Operand<T>], _ outputs: [Operand<T>], _ step: StepContext) {
    rows.referenceGradient(inputs, outputs)
  }

  func compute(_ inputs: [Operand<Float>], _ outputs: [Operand<Float>], _ run: RunContext) {
    rows.computeGradient(inputs, outputs, run)
  }

  func cost(_ inputs: [Shape], _ outputs: [Shape]) -> Cost { rows.cost(12) }
}
