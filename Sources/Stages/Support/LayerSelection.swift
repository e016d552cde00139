import GridFiles
import Grids

/// Which layers `levels`, `level-range` and `level-indices` choose.
struct LayerSelection {
  let arguments: Arguments
  init(_ arguments: Arguments) { self.arguments = arguments }
  private static let keys = ["levels", "level-range", "level-indices", "level-axis", "squeeze"]

  /// Changes the description's layers; returns the input's layer of each.
  func apply(to output: inout Description, of stream: StageInputs.Stream) throws(PlanError) -> [Int] {
    let axes = stream.description.layers
    guard let key = Self.keys.first(where: { arguments.value($0) != nil }) else {
      return Array(0..<stream.description.layerCount)
    }
    let position = try axis(axes, stream.name, arguments.mark(key))
    let axis = axes[position]
    let chosen = try indices(axis, stream.name)
    output.layers[position] = axis.subset(chosen)
    let inner = axes[(position + 1)...].reduce(1) { $0 * $1.count }
    let outer = axes[..<position].reduce(1) { $0 * $1.count }
    if arguments.boolean("squeeze") == true {
      guard chosen.count == 1 else {
        throw PlanError(
          "`squeeze` needs one level, \(chosen.count) are selected", at: arguments.mark("squeeze"))
      }
      output.layers.remove(at: position)
      output.scalars.append(Self.scalar(axis, chosen[0]))
    }
    return (0..<outer).flatMap { o in
      chosen.flatMap { index in (0..<inner).map { (o * axis.count + index) * inner + $0 } }
    }
  }

  private func axis(_ axes: [Axis], _ name: String, _ mark: Mark) throws(PlanError) -> Int {
    guard !axes.isEmpty else { throw PlanError("`\(name)` has no levels", at: mark) }
    let list = axes.map(\.name).joined(separator: ", ")
    if let value = arguments.value("level-axis") {
      let text = value.text ?? ""
      guard let index = axes.firstIndex(where: { $0.name == text || $0.standardName == text }) else {
        throw PlanError(
          "`\(name)` has no axis `\(text)`", at: value.mark, subject: text,
          remedy: Suggestion.remedy(for: text, among: axes.map(\.name)))
      }
      return index
    }
    let vertical = axes.indices.filter { axes[$0].kind == .vertical }
    if vertical.count == 1 { return vertical[0] }
    if axes.count == 1 { return 0 }
    throw PlanError(
      "`\(name)` has \(axes.count) axes of levels", at: mark, remedy: "say which with `level-axis`: \(list)")
  }

  private func indices(_ axis: Axis, _ name: String) throws(PlanError) -> [Int] {
    if let list = arguments.list("level-indices") {
      var chosen: [Int] = []
      for value in list {
        let index = value.integer.map { $0 < 0 ? $0.addingReportingOverflow(axis.count).partialValue : $0 }
        guard let index, (0..<axis.count).contains(index), !chosen.contains(index) else {
          throw PlanError(
            "`level-indices`: \(value.text ?? value.kindName) is no level, or is there twice", at: value.mark,
            subject: axis.name, remedy: "there are \(axis.count): 0 to \(axis.count - 1)")
        }
        chosen.append(index)
      }
      return chosen
    }
    let convert = try conversion(axis)
    if let (a, b) = try numberPair(arguments, "level-range", example: "[850, 200]") {
      let (low, high) = (min(convert(a), convert(b)), max(convert(a), convert(b)))
      let slack = 1e-6 * max(abs(low), abs(high))
      let chosen = axis.values.indices.filter {
        axis.values[$0] >= low - slack && axis.values[$0] <= high + slack
      }
      guard !chosen.isEmpty else {
        throw PlanError(
          "no level of `\(name)` is selected", at: arguments.mark("level-range"), subject: axis.name,
          remedy: "there are \(text(axis))")
      }
      return chosen
    }
    guard let list = arguments.list("levels") else { return Array(0..<axis.count) }
    var chosen: [Int] = []
    for value in list {
      guard let number = value.number else {
        throw PlanError("`levels` needs numbers", at: value.mark, subject: axis.name)
      }
      let wanted = convert(number)
      guard
        let index = axis.values.indices.min(by: {
          abs(axis.values[$0] - wanted) < abs(axis.values[$1] - wanted)
        })
      else { throw PlanError("`\(name)` has no levels", at: value.mark, subject: axis.name) }
      let isEqual = abs(axis.values[index] - wanted) <= 1e-6 * max(abs(wanted), abs(axis.values[index]))
      guard isEqual || arguments.boolean("nearest") == true else {
        throw PlanError(
          "`\(name)` has no level \(number.plain)", at: value.mark, subject: axis.name,
          remedy: "there are \(text(axis)); or say `nearest: true`")
      }
      guard !chosen.contains(index) else {
        throw PlanError(
          "the level \(axis.values[index].plain) is selected twice", at: value.mark, subject: axis.name)
      }
      chosen.append(index)
    }
    guard !chosen.isEmpty else { throw PlanError("`levels` is empty", at: arguments.mark("levels")) }
    return chosen
  }

  private func conversion(_ axis: Axis) throws(PlanError) -> (Double) -> Double {
    guard let value = arguments.value("level-units"), let from = value.text else { return { $0 } }
    guard let to = axis.units else {
      throw PlanError("the axis `\(axis.name)` has no units", at: value.mark, subject: axis.name)
    }
    do {
      let conversion = try UnitConversion(from: from, to: to)
      return { conversion.factor * $0 + conversion.offset }
    } catch {
      throw PlanError(
        error.cause, at: value.mark, subject: axis.name, remedy: error.remedy ?? "the axis is in \(to)")
    }
  }

  private func text(_ axis: Axis) -> String {
    var values = axis.values.prefix(40).map(\.plain).joined(separator: ", ")
    if axis.count > 40 { values += ", ... (\(axis.count))" }
    return values + (axis.units.map { " \($0)" } ?? "")
  }

  /// A level alone, as a coordinate of one value.
  static func scalar(_ axis: Axis, _ index: Int) -> ScalarCoordinate {
    var attributes: [Attribute] = []
    for (name, text) in [
      ("standard_name", axis.standardName), ("long_name", axis.longName), ("units", axis.units),
      ("positive", axis.positive),
    ] {
      if let text { attributes.append(Attribute(name, text)) }
    }
    return ScalarCoordinate(
      name: axis.name, value: axis.values[index], label: axis.labels?[index], attributes: attributes)
  }
}
