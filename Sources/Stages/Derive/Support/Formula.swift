import Grids

/// One variable computed cell by cell from up to four numbers, in double precision. A missing argument, and a
/// result that is no number, give missing.
struct Formula: Computation {
  enum Argument: Sendable {
    case field(input: Int, variable: Int, alignment: Alignment, conversion: Linear)
    /// One number for each layer of the output.
    case layers([Double])
    case number(Double)
  }
  let label: String
  /// One variable.
  let output: Description
  let arguments: [Argument]
  /// Floating-point operations of one evaluation, roughly.
  var cost = 5.0
  let evaluate: @Sendable (SIMD4<Double>) -> Double

  func needs(_ region: Region) -> [Need] {
    arguments.compactMap { argument in
      guard case .field(let input, let variable, let alignment, _) = argument else { return nil }
      return Need(input, alignment.region(region, variables: variable..<variable + 1))
    }
  }

  func steps(for region: Region) -> [[Need]] { [needs(region)] }
  func operations(for region: Region) -> Double { Double(region.count) * cost }
  func begin(_ region: Region) throws(StageError) -> any Work { FormulaWork(self, try Block.make(region)) }
}

private final class FormulaWork: Work {
  let formula: Formula
  let result: Block
  init(_ formula: Formula, _ result: Block) { (self.formula, self.result) = (formula, result) }

  func take(_ blocks: [Block], step: Int) throws(StageError) {
    let region = result.region
    guard blocks.count == formula.needs(region).count else {
      throw StageError("\(formula.label) was not given its inputs")
    }
    let (values, validity) = (result.values, result.validity)
    for t in 0..<region.times.count {
      for l in 0..<region.layers.count {
        let output = result.mapOffset(0, t, l)
        var constants = SIMD4<Double>()
        var fields: [Lane] = []
        for (lane, argument) in formula.arguments.enumerated() {
          switch argument {
          case .number(let number): constants[lane] = number
          case .layers(let numbers): constants[lane] = numbers[region.layers.lowerBound + l]
          case .field(_, _, let alignment, let conversion):
            let block = blocks[fields.count]
            let start = block.mapOffset(0, alignment.repeatsTime ? 0 : t, alignment.repeatsLayers ? 0 : l)
            fields.append(
              Lane(
                lane: lane, values: block.values, validity: block.validity, start: start,
                conversion: conversion))
          }
        }
        var first = 0
        while first < region.mapCount {
          let count = min(Self.chunk, region.mapCount - first)
          evaluate(fields, constants, first: first, count: count, values, validity, output + first)
          first += count
        }
      }
    }
  }

  /// An argument that is a field, on one map.
  private struct Lane {
    let lane: Int
    let values: UnsafeMutableBufferPointer<Float>
    let validity: UnsafeMutableBufferPointer<UInt8>
    let start: Int
    let conversion: Linear
  }

  /// Cells whose arguments are gathered before they are evaluated.
  private static let chunk = 512
  private var gathered = [SIMD4<Double>](repeating: .zero, count: FormulaWork.chunk)

  private func evaluate(
    _ fields: [Lane], _ constants: SIMD4<Double>, first: Int, count: Int,
    _ values: UnsafeMutableBufferPointer<Float>, _ validity: UnsafeMutableBufferPointer<UInt8>, _ output: Int
  ) {
    for i in 0..<count {
      gathered[i] = constants
      validity[output + i] = 1
    }
    for field in fields {
      let (lane, start, change) = (field.lane, field.start + first, field.conversion)
      for i in 0..<count {
        gathered[i][lane] = Double(field.values[start + i]) * change.factor + change.offset
        validity[output + i] &= field.validity[start + i]
      }
    }
    let function = formula.evaluate
    for i in 0..<count {
      let value = validity[output + i] == 0 ? .nan : Float(function(gathered[i]))
      values[output + i] = value.isFinite ? value : .nan
      validity[output + i] = value.isFinite ? 1 : 0
    }
  }

  func finish() throws(StageError) -> Block { result }
}

extension QuantityRequest {
  /// A quantity that is computed cell by cell: finds the roles, checks them, adds the node.
  func cellwise(
    _ located: [Located], pressure: Bool = false, _ variable: VariableDescription, cost: Double = 5,
    in graph: inout ComputationGraph, _ evaluate: @escaping @Sendable (SIMD4<Double>) -> Double
  ) throws(PlanError) -> NodeID {
    var inputs: [NodeID] = []
    var axes = try axes(located)
    if pressure, let field = try findIfThere(.pressure) {
      axes = try self.axes(located + [field])
    }
    var arguments: [Formula.Argument] = []
    for field in located { arguments.append(try self.field(field, on: axes, &inputs)) }
    if pressure { arguments.append(try self.pressure(on: axes, &inputs)) }
    var output = axes.description
    output.variables = [variable]
    // What was done to all of them over time or area was done to the result, as near as one number says it.
    let methods = Set(located.map(\.description.cellMethods))
    if methods.count == 1, let method = methods.first { output.variables[0].cellMethods = method }
    return graph.add(
      Formula(label: quantity.name, output: output, arguments: arguments, cost: cost, evaluate: evaluate),
      inputs: inputs)
  }
}
