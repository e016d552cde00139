import Basics
import Compute
import Tensors

/// Interpolation to a finer or coarser grid, as PyTorch's Upsample does it.
public struct Resize: Layer {
  public enum Method: String, Sendable, Hashable, CaseIterable { case nearest, bilinear, bicubic }

  public static let declaration = Declaration(
    name: "resize", summary: "interpolate to a finer or coarser grid",
    discussion: """
      Cells are areas: place x of the result lies at (x + 0.5) / scale - 0.5 (for nearest at x / scale, rounded \
      down), or, with `align-corners`, first on first and last on last, which depends on the size of the field, so \
      that such a network cannot be tiled. Where the domain is periodic the border's neighbours come from the other end.
      """,
    keys: [
      Key(
        "scale", .either([.number, .list(.number)]), default: "2",
        "how many times finer, or one for each dimension"),
      Key("size", Sizes.kind, "cells of the result instead of a scale"),
      Key(
        "method", .choice(Method.allCases.map(\.rawValue)), default: "bilinear",
        "nearest, bilinear (linear in one dimension, trilinear in three) or bicubic"),
      Key("align-corners", .boolean, default: "false", "first on first and last on last"),
    ])
  /// One, or one for each spatial dimension.
  public let scale: [Double]
  public let size: Sizes?
  public let method: Method
  public let alignCorners: Bool

  public init(scale: Double = 2, _ method: Method = .bilinear, alignCorners: Bool = false) {
    (self.scale, size, self.method, self.alignCorners) = ([scale], nil, method, alignCorners)
  }
  public init(scales: [Double], _ method: Method = .bilinear, alignCorners: Bool = false) {
    (scale, size, self.method, self.alignCorners) = (scales, nil, method, alignCorners)
  }
  public init(size: Sizes, _ method: Method = .bilinear, alignCorners: Bool = false) {
    (scale, self.size, self.method, self.alignCorners) = ([2], size, method, alignCorners)
  }

  public init(_ arguments: Arguments, _ decoding: Decoding) throws(PlanError) {
    scale = arguments.list("scale")?.compactMap(\.number) ?? [2]
    size = try .optional(arguments, "size")
    method = arguments.text("method").flatMap(Method.init(rawValue:)) ?? .bilinear
    alignCorners = arguments.boolean("align-corners") ?? false
    if size != nil, arguments.value("scale") != nil {
      throw PlanError("`scale` and `size` exclude each other", at: arguments.mark("size"))
    }
    if let wrong = scale.first(where: { !($0 > 0 && $0 <= 4096) }) {
      throw PlanError("`scale` must be above 0 and at most 4096, found \(wrong)", at: arguments.mark("scale"))
    }
    if alignCorners, method == .nearest {
      throw PlanError("`align-corners` is for bilinear and bicubic", at: arguments.mark("align-corners"))
    }
  }
  public var keys: [(String, ConfigValue)] {
    var keys: [(String, ConfigValue)] = []
    keys.add("scale", scale, unless: [2]) { $0.count == 1 ? .number($0[0]) : .list($0.map { .number($0) }) }
    keys.add("size", size?.configuration)
    keys.add("method", method, unless: .bilinear) { .text($0.rawValue) }
    keys.add("align-corners", alignCorners, unless: false) { .boolean($0) }
    return keys
  }

  public func apply(_ input: Value, in network: inout NetworkBuilder) throws(GraphError) -> Value {
    let rank = try network.spatialRank(input, "interpolation")
    let axes = (0..<rank).map { $0 + 2 }
    let mode: Compute.Resize.Mode =
      switch method {
      case .nearest: .nearest
      case .bilinear: .linear
      case .bicubic: .cubic
      }
    let coordinates: Compute.Resize.Coordinates =
      method == .nearest ? .asymmetric : alignCorners ? .alignCorners : .pytorchHalfPixel
    func resized(_ value: Value, _ target: Compute.Resize.Target) throws(GraphError) -> Value {
      try network.graph.one(
        Compute.Resize(target, axes: axes, mode: mode, coordinates: coordinates, rounding: .floor), value)
    }
    if let size { return try resized(input, .sizes(try size.expanded(rank, "size", input, in: network))) }
    let scales = scale.count == 1 ? [Double](repeating: scale[0], count: rank) : scale
    guard scales.count == rank else {
      throw network.error("there are \(scales.count) scales for \(rank) spatial dimensions", input)
    }
    // Beyond the border of a periodic domain lie the cells of the other end, not copies of the border.
    let modes = try PaddingMode.domain.expanded(rank, input, in: network)
    let reach = method == .nearest || alignCorners ? 0 : method == .bilinear ? 1 : 2
    var around = [Int](repeating: 0, count: rank)
    var cut = around
    for dimension in 0..<rank where modes[dimension] == .periodic {
      guard let whole = Int(exactly: scales[dimension] * Double(reach)) else { continue }
      (around[dimension], cut[dimension]) = (reach, whole)
    }
    guard around.contains(where: { $0 > 0 }) else { return try resized(input, .scales(scales)) }
    let padded = try network.padded(input, before: around, after: around, modes).value
    return try network.cropped(try resized(padded, .scales(scales)), before: cut, after: cut)
  }

  public func declaredShape(_ input: Shape) -> Shape? {
    input.with { dimension, extent in
      if let size { return size[dimension] }
      let scale = dimension < scale.count ? scale[dimension] : scale.first ?? 1
      return Int(exactly: (Double(extent) * scale).rounded(.down)) ?? extent
    }
  }
}
