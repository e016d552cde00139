import Grids

/// Integrals over pressure, divided by g: each output variable is that of a product of inputs.
struct ColumnIntegral: Computation {
  struct Field: Sendable {
    let input: Int
    let variable: Int
    let alignment: Alignment
    let conversion: Linear
  }
  let label: String
  let output: Description
  let fields: [Field]
  /// For each variable of the output, the fields whose product is integrated.
  let products: [[Int]]
  let surfacePressure: Field?
  /// The vertical axis among the layers of the fields, and its pressures in Pa.
  let outer: Int
  let inner: Int
  let pressures: [Double]

  static let method = """
    Trapezoids between the pressure levels that the data have. With a surface pressure the integral ends there: the \
    value at it is interpolated linearly in pressure, or that of the lowest level where this lies above the ground. \
    Without one, missing levels at the bottom count as lying below the ground. A missing level elsewhere makes the \
    result missing. Nothing is added above the highest level.
    """

  private func layers(_ region: Region) -> Range<Int> {
    let first = region.layers.lowerBound / inner
    let last = (region.layers.upperBound - 1) / inner
    return first * pressures.count * inner..<(last + 1) * pressures.count * inner
  }

  private func needs(_ region: Region) -> [Need] {
    var deep = region
    deep.layers = layers(region)
    var needs = fields.map {
      Need($0.input, $0.alignment.region(deep, variables: $0.variable..<$0.variable + 1))
    }
    if let surface = surfacePressure {
      needs.append(
        Need(
          surface.input, surface.alignment.region(region, variables: surface.variable..<surface.variable + 1))
      )
    }
    return needs
  }

  func steps(for region: Region) -> [[Need]] { [needs(region)] }

  func operations(for region: Region) -> Double { Double(region.count * pressures.count * 6) }

  func begin(_ region: Region) throws(StageError) -> any Work {
    ColumnWork(self, layers(region).lowerBound, try Block.make(region))
  }

  private final class ColumnWork: Work {
    let integral: ColumnIntegral
    let firstLayer: Int
    let result: Block
    /// The levels from the highest (lowest pressure) down.
    let order: [Int]

    init(_ integral: ColumnIntegral, _ firstLayer: Int, _ result: Block) {
      (self.integral, self.firstLayer, self.result) = (integral, firstLayer, result)
      let pressures = integral.pressures
      order = pressures.indices.sorted { pressures[$0] < pressures[$1] }
    }

    func take(_ blocks: [Block], step: Int) throws(StageError) {
      let region = result.region
      guard blocks.count == integral.fields.count + (integral.surfacePressure == nil ? 0 : 1) else {
        throw StageError("\(integral.label) was not given its inputs")
      }
      let levels = order.count
      var profile = [Double](repeating: 0, count: levels)
      // Taken out of the loops: the blocks belong to another module.
      let values = blocks.map(\.values)
      let validity = blocks.map(\.validity)
      let (target, mark) = (result.values, result.validity)
      for (v, variable) in region.variables.enumerated() {
        for t in 0..<region.times.count {
          for l in region.layers {
            let output = result.mapOffset(v, t, l - region.layers.lowerBound)
            let top = l / integral.inner * levels * integral.inner + l % integral.inner - firstLayer
            for i in 0..<region.mapCount {
              for (position, level) in order.enumerated() {
                var value = 1.0
                for index in integral.products[variable] {
                  let field = integral.fields[index]
                  let block = blocks[index]
                  let k =
                    block.mapOffset(0, field.alignment.repeatsTime ? 0 : t, top + level * integral.inner) + i
                  if validity[index][k] == 0 {
                    value = .nan
                  } else {
                    value *= Double(values[index][k]) * field.conversion.factor + field.conversion.offset
                  }
                }
                profile[position] = value
              }
              var surface: Double?
              if let field = integral.surfacePressure {
                let block = blocks[integral.fields.count]
                let k =
                  block.mapOffset(
                    0, field.alignment.repeatsTime ? 0 : t,
                    field.alignment.repeatsLayers ? 0 : l - region.layers.lowerBound) + i
                surface =
                  block.validity[k] == 0
                  ? .nan : Double(block.values[k]) * field.conversion.factor + field.conversion.offset
              }
              let value = Float(integrate(profile, surface))
              target[output + i] = value.isFinite ? value : .nan
              mark[output + i] = value.isFinite ? 1 : 0
            }
          }
        }
      }
    }

    private func integrate(_ profile: [Double], _ surface: Double?) -> Double {
      var count = profile.count
      func pressure(_ position: Int) -> Double { integral.pressures[order[position]] }
      if let surface {
        guard surface.isFinite, surface > 0 else { return .nan }
        // Values below the ground are extrapolated by the model or missing: both are left out.
        while count > 0, profile[count - 1].isNaN, pressure(count - 1) > surface { count -= 1 }
      } else {
        while count > 0, profile[count - 1].isNaN { count -= 1 }
      }
      guard count > 1 || (surface != nil && count == 1) else { return .nan }
      var sum = 0.0
      for position in 1..<max(count, 1) {
        let (p0, p1) = (pressure(position - 1), pressure(position))
        let (x0, x1) = (profile[position - 1], profile[position])
        if let surface, p1 > surface {
          if p0 >= surface { break }
          let x = x0 + (x1 - x0) * (surface - p0) / (p1 - p0)
          sum += (x0 + x) / 2 * (surface - p0)
          break
        }
        sum += (x0 + x1) / 2 * (p1 - p0)
      }
      if let surface, pressure(count - 1) < surface {
        sum += profile[count - 1] * (surface - pressure(count - 1))
      }
      return sum / MoistAir.gravity
    }

    func finish() throws(StageError) -> Block { result }
  }
}

extension QuantityRequest {
  /// Integrals over the pressure axis of products of variables.
  func columnIntegral(
    _ located: [Located], products: [[Int]], _ variables: [VariableDescription],
    in graph: inout ComputationGraph
  ) throws(PlanError) -> NodeID {
    let axes = try axes(located)
    guard let (position, pressures) = PressureLevels.find(axes.description) else {
      throw PlanError(
        "`\(quantity.name)` needs levels of pressure: `\(axes.name)` has "
          + (axes.description.layers.isEmpty
            ? "no levels"
            : axes.description.layers.map { "\($0.name) in \($0.units ?? "no units")" }.joined(
              separator: ", ")),
        at: mark, subject: axes.name)
    }
    guard pressures.count > 1, Set(pressures).count == pressures.count, pressures.allSatisfy({ $0 > 0 })
    else {
      throw PlanError(
        "`\(quantity.name)` needs two different pressure levels at least", at: mark, subject: axes.name)
    }
    let layers = axes.description.layers
    var output = axes.description
    output.layers.remove(at: position)
    output.variables = variables
    var inputs: [NodeID] = []
    func field(_ located: Located, on axes: (description: Description, name: String)) throws(PlanError)
      -> ColumnIntegral.Field
    {
      let alignment = try Alignment(of: located.stream, on: axes.description, named: axes.name)
      let input = inputs.firstIndex(of: located.stream.node) ?? inputs.count
      if input == inputs.count { inputs.append(located.stream.node) }
      return .init(
        input: input, variable: located.variable, alignment: alignment, conversion: located.conversion)
    }
    var fields: [ColumnIntegral.Field] = []
    for item in located {
      guard !item.stream.description.layers.isEmpty else {
        throw PlanError(
          "`\(item.description.name)` has no levels", at: item.mark, subject: item.description.name)
      }
      fields.append(try field(item, on: axes))
    }
    var surface: ColumnIntegral.Field?
    if let found = try findIfThere(.surfacePressure) {
      surface = try field(found, on: (output, axes.name))
    }
    return graph.add(
      ColumnIntegral(
        label: quantity.name, output: output, fields: fields, products: products, surfacePressure: surface,
        outer: layers[..<position].reduce(1) { $0 * $1.count },
        inner: layers[(position + 1)...].reduce(1) { $0 * $1.count }, pressures: pressures), inputs: inputs)
  }
}
