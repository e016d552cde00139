import Kernels
import Tensors

/// How weights are applied where the source has missing values.
public struct RegridRule: Sendable, Hashable {
  public enum Normalization: String, Sendable, CaseIterable {
    /// Divide by the weight of the valid source: the mean over what is there.
    case fracarea
    /// Do not: what is not there counts as zero (fluxes that must keep their sum).
    case destarea
  }
  /// The least share of valid source that a target needs: of the target cell's area for `conservative`, of
  /// the stencil's weight otherwise; 0 takes any that is above none.
  public var minimalValid: Double
  public var normalization: Normalization

  /// - Parameter minimalValid: nil gives the method's own: 1 (all of the stencil) for `bilinear`, `bicubic` and
  ///   `nearest`, any for `conservative` and `bin`. These are the rules of CDO's remapbil, remapbic, remapnn and
  ///   remapcon.
  public init(_ method: RegridMethod, minimalValid: Double? = nil, normalization: Normalization = .fracarea) {
    switch method {
    case .bilinear, .nearest: self.minimalValid = minimalValid ?? 1
    // Its weights are of both signs: a part of them is no mean.
    case .bicubic: self.minimalValid = 1
    case .conservative, .bin: self.minimalValid = minimalValid ?? 0
    }
    self.normalization = normalization
  }

  func kernelRule(_ method: RegridMethod) -> isotach_regrid_rule {
    switch method {
    case .conservative:
      isotach_regrid_rule(
        min_valid: minimalValid, normalization: normalization == .fracarea ? 2 : 0, share_of_sum: 0)
    case .bilinear, .nearest, .bin:
      isotach_regrid_rule(min_valid: minimalValid, normalization: 1, share_of_sum: 1)
    case .bicubic: isotach_regrid_rule(min_valid: 1, normalization: 0, share_of_sum: 1)
    }
  }
}

extension RegridWeights {
  /// Bytes of scratch that `apply` needs for a part of the target that many columns wide.
  public func scratchBytes(columns: Int) -> Int {
    guard let separable else { return 4096 }
    return separable.rows.longest * columns * 16 + 8192
  }

  /// Regrids the block of a source region into the block of a target region (same numbers of variables, times
  /// and layers). A value depends only on its own source cells, not on how the regions are cut.
  /// - Parameter share: takes the share of valid source of each target value (the target block's layout).
  /// - Throws: `GridError` when the source block lacks cells that the target needs.
  public func apply(
    _ source: Block, to target: Block, rule: RegridRule, share: UnsafeMutableBufferPointer<Float>? = nil
  ) throws(GridError) {
    let (from, to) = (source.region, target.region)
    guard from.maps == to.maps, to.rows.lowerBound >= 0, to.rows.upperBound <= targetShape.ny,
      to.columns.lowerBound >= 0, to.columns.upperBound <= targetShape.nx,
      from.rows.upperBound <= sourceShape.ny,
      from.columns.upperBound <= sourceShape.nx, (unsafe share?.count ?? target.count) >= target.count
    else {
      throw GridError("the regions \(from.extents) and \(to.extents) do not fit the weights")
    }
    let needed = neededRegion(to.rows, to.columns)
    guard
      needed.rows.isEmpty || needed.columns.isEmpty
        || (from.rows.contains(needed.rows) && from.columns.contains(needed.columns))
    else {
      throw GridError(
        "source rows \(needed.rows) and columns \(needed.columns) are needed, the block has \(from.rows) and \(from.columns)"
      )
    }
    unsafe applySeparable(source, target, rule, share)
    unsafe applySparse(source, target, rule, share)
  }

  /// The least rectangle of source cells that a rectangle of target cells needs.
  public func neededRegion(_ rows: Range<Int>, _ columns: Range<Int>) -> (
    rows: Range<Int>, columns: Range<Int>
  ) {
    var least = Int.max, most = Int.min
    var across: Range<Int>?
    if let separable, let span = separable.rows.span(rows), let width = separable.columns.span(columns) {
      (least, most) = (span.lowerBound, span.upperBound)
      across = width
    }
    if let sparse {
      for j in rows where sparse.rowSpans[2 * j] < sparse.rowSpans[2 * j + 1] {
        least = min(least, Int(sparse.rowSpans[2 * j]))
        most = max(most, Int(sparse.rowSpans[2 * j + 1]))
        across = 0..<sourceShape.nx
      }
    }
    return least < most ? (least..<most, across ?? 0..<sourceShape.nx) : (0..<0, 0..<0)
  }

  private func applySeparable(
    _ source: Block, _ target: Block, _ rule: RegridRule, _ share: UnsafeMutableBufferPointer<Float>?
  ) {
    guard let separable, let values = unsafe source.values.baseAddress,
      let valid = unsafe source.validity.baseAddress, let out = unsafe target.values.baseAddress,
      let outValid = unsafe target.validity.baseAddress
    else { return }
    let (from, to) = (source.region, target.region)
    let width = to.columns.count
    let slots = max(1, separable.rows.longest)
    var kernelRule = rule.kernelRule(method)
    // Horizontal results of the last source rows, by source row modulo the number of slots: a stencil's rows
    // follow each other (but for a seam, which columns alone have).
    let sums = UnsafeMutablePointer<Double>.allocate(capacity: max(1, slots * width))
    let parts = UnsafeMutablePointer<Double>.allocate(capacity: max(1, slots * width))
    defer {
      unsafe sums.deallocate()
      unsafe parts.deallocate()
    }
    var held = [Int](repeating: -1, count: slots)
    var complete = [Int32](repeating: 0, count: slots)
    var sumRows: [UnsafePointer<Double>?] = unsafe Array(repeating: nil, count: slots)
    var partRows: [UnsafePointer<Double>?] = unsafe Array(repeating: nil, count: slots)
    let rows = separable.rows
    // Every column of the target has source columns.
    let reaches: Int32 = to.columns.allSatisfy { separable.columns.sums[$0] > 0 } ? 1 : 0
    unsafe separable.columns.starts.withUnsafeBufferPointer { columnStarts in
      unsafe separable.columns.sources.withUnsafeBufferPointer { columnSources in
        unsafe separable.columns.weights.withUnsafeBufferPointer { columnWeights in
          unsafe separable.columns.sums.withUnsafeBufferPointer { columnSums in
            unsafe rows.weights.withUnsafeBufferPointer { rowWeights in
              var columns = unsafe isotach_axis_weights(
                starts: columnStarts.baseAddress, sources: columnSources.baseAddress,
                weights: columnWeights.baseAddress)
              for map in 0..<to.maps {
                for slot in 0..<slots { held[slot] = -1 }
                for j in to.rows {
                  let entries = Int(rows.starts[j])..<Int(rows.starts[j + 1])
                  let at = map * to.mapCount + (j - to.rows.lowerBound) * width
                  var allComplete = reaches
                  for (k, e) in entries.enumerated() {
                    let row = Int(rows.sources[e]), slot = row % slots
                    if held[slot] != row {
                      let start = map * from.mapCount + (row - from.rows.lowerBound) * from.columns.count
                      let full = unsafe isotach_regrid_columns(
                        &columns, Int64(to.columns.lowerBound), Int64(to.columns.upperBound), values + start,
                        valid + start, Int64(from.columns.lowerBound), Int64(from.columns.count),
                        sums + slot * width, parts + slot * width)
                      held[slot] = row
                      complete[slot] = full
                    }
                    allComplete &= complete[slot]
                    unsafe sumRows[k] = UnsafePointer(sums + slot * width)
                    unsafe partRows[k] = UnsafePointer(parts + slot * width)
                  }
                  unsafe isotach_regrid_combine(
                    sumRows, partRows, rowWeights.baseAddress.map { unsafe $0 + entries.lowerBound },
                    Int64(entries.count), columnSums.baseAddress.map { unsafe $0 + to.columns.lowerBound },
                    Int64(width), &kernelRule, allComplete, out + at, outValid + at,
                    share?.baseAddress.map { unsafe $0 + at })
                }
              }
            }
          }
        }
      }
    }
  }

  private func applySparse(
    _ source: Block, _ target: Block, _ rule: RegridRule, _ share: UnsafeMutableBufferPointer<Float>?
  ) {
    guard let sparse, let values = unsafe source.values.baseAddress,
      let valid = unsafe source.validity.baseAddress, let out = unsafe target.values.baseAddress,
      let outValid = unsafe target.validity.baseAddress
    else { return }
    let (from, to) = (source.region, target.region)
    let width = to.columns.count
    var kernelRule = rule.kernelRule(method)
    for j in to.rows {
      let isEmpty = sparse.rowSpans[2 * j] >= sparse.rowSpans[2 * j + 1]
      // Beside separable weights only the rows with entries are meant.
      if isEmpty, separable != nil { continue }
      let at = (j - to.rows.lowerBound) * width
      unsafe isotach_regrid_sparse(
        sparse.starts, sparse.sources, sparse.weights, Int64(j * targetShape.nx + to.columns.lowerBound),
        Int64(width), values, valid, Int64(to.maps), Int64(from.mapCount), Int64(sourceShape.nx),
        Int64(from.rows.lowerBound), Int64(from.columns.lowerBound), Int64(from.columns.count), &kernelRule,
        out + at, outValid + at, share?.baseAddress.map { unsafe $0 + at }, Int64(to.mapCount))
    }
  }
}

extension Range where Bound == Int {
  fileprivate func contains(_ other: Range<Int>) -> Bool {
    lowerBound <= other.lowerBound && upperBound >= other.upperBound
  }
}
