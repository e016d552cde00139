import Synchronization

/// A regridding that is planned at once and whose weights are computed when the first block needs them.
public final class Regridder: Sendable {
  public let source: Grid
  public let target: Grid
  public let method: RegridMethod
  public let options: RegridOptions
  /// Separable weights are cheap: there from the start.
  private let planned: RegridWeights?
  private let computed = Mutex<Result<RegridWeights, GridError>?>(nil)

  /// Checks the grids; computes weights only between rectilinear grids, where that takes no time.
  public init(
    from source: Grid, to target: Grid, method: RegridMethod, options: RegridOptions = .init()
  ) throws(GridError) {
    (self.method, self.options) = (method, options)
    try source.checkIndexable()
    try target.checkIndexable()
    for grid in [source, target] where grid.kind == .bare {
      throw GridError(
        "a grid without latitude and longitude cannot be regridded", subject: grid.x.name,
        remedy: "give `coordinates:` or `grid:` in the input")
    }
    if source.kind == .points, method != .nearest, method != .bin {
      throw GridError(
        "`\(method.rawValue)` needs a source with rows and columns", subject: source.latitudeName,
        remedy: "use `nearest` or `bin`")
    }
    if target.kind == .points, method == .conservative || method == .bin {
      throw GridError(
        "`\(method.rawValue)` needs target cells, and places have none", subject: target.latitudeName,
        remedy: "use `nearest` or `bilinear`")
    }
    self.source = try source.withComputedCenters()
    self.target = try target.withComputedCenters()
    try self.source.checkAxes()
    try self.target.checkAxes()
    if method == .conservative {
      for grid in [self.source, self.target] where grid.isRectilinear {
        _ = (try grid.rowEdges(), try grid.columnEdges())
      }
    }
    let isOnAxes =
      source.isRectilinear && target.isRectilinear && method != .nearest && method != .bin
      || source.sharesAxes(with: target) && (method == .bilinear || method == .bicubic)
    if options.holdsEdges, !isOnAxes, !source.isRectilinear {
      throw GridError(
        "cells have edges to be held only on latitude-longitude grids, and between grids of one projection",
        subject: source.x.name, remedy: "use `extrapolate: nearest`")
    }
    let isSeparable = isOnAxes && !options.extrapolates
    planned =
      isSeparable
      ? try RegridWeights.compute(from: source, to: target, method: method, options: options) : nil
  }

  /// The weights; the first caller computes them, others wait.
  public func weights() throws(GridError) -> RegridWeights {
    if let planned { return planned }
    let result: Result<RegridWeights, GridError> = computed.withLock { held in
      if let held { return held }
      let result: Result<RegridWeights, GridError>
      do throws(GridError) {
        result = .success(
          try RegridWeights.compute(from: source, to: target, method: method, options: options))
      } catch {
        result = .failure(error)
      }
      held = result
      return result
    }
    return try result.get()
  }

  /// The source cells that a part of the target needs, known without weights: exact between rectilinear grids;
  /// from other sources the whole map (any target cell may lie anywhere in it).
  public func neededRegion(_ rows: Range<Int>, _ columns: Range<Int>) -> (
    rows: Range<Int>, columns: Range<Int>
  ) {
    if let planned {
      let needed = planned.neededRegion(rows, columns)
      // A block of no cells is nothing to read: one cell stands for it.
      return needed.rows.isEmpty ? (0..<1, 0..<1) : needed
    }
    return (0..<source.ny, 0..<source.nx)
  }

  /// Bytes of the weights, estimated before they are computed.
  public var estimatedBytes: Int {
    if let planned { return planned.bytes }
    let perTarget: Int
    switch method {
    case .nearest: perTarget = 16
    case .bilinear: perTarget = 52
    case .bicubic: perTarget = 196
    case .bin: perTarget = 4 + 12 * (source.count / max(1, target.count) + 1)
    case .conservative: perTarget = 4 + 12 * (4 + 2 * source.count / max(1, target.count))
    }
    // The search trees: centres or corners, and boxes.
    return target.count * perTarget + source.count * 160
  }
}
