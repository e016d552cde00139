import Kernels
import Testing

/// The convolutions from plain numbers, to plain numbers, and of single channels.
@Suite struct BorderConvolutionTests {
  static let firsts = [
    ConvolutionCase(
      channels: 1, filters: 1, height: 1, width: 1, kernel: (1, 1), before: (0, 0), after: (0, 0)),
    ConvolutionCase(images: 2, channels: 3, filters: 20, height: 9, width: 11, activation: ISOTACH_RELU),
    ConvolutionCase(
      channels: 3, filters: 64, height: 23, width: 21, kernel: (7, 7), stride: (2, 2), before: (3, 3),
      after: (3, 3)),
    ConvolutionCase(
      channels: 5, filters: 96, height: 12, width: 20, kernel: (5, 3), stride: (1, 2), dilation: (2, 1),
      before: (4, 1), after: (0, 2), activation: ISOTACH_LEAKY, hasResidual: true),
    ConvolutionCase(
      channels: 1, filters: 9, height: 15, width: 14, kernel: (11, 11), stride: (4, 4), before: (2, 2),
      after: (2, 2), hasBias: false),
    ConvolutionCase(
      channels: 2, filters: 33, height: 6, width: 5, dilation: (3, 3), before: (5, 5), after: (5, 4)),
  ]

  @Test(arguments: firsts) func first(one: ConvolutionCase) {
    let expected = one.reference()
    for level in cpuLevels {
      let found = atLevel(level) {
        one.run { _, w, bias, epilogue, y in
          var (shape, plan) = (one.shape, isotach_first())
          guard isotach_first_plan(&shape, &plan) == 1 else { return }
          var packed = [Float](repeating: .nan, count: Int(isotach_first_packed(&plan)))
          isotach_first_pack(&plan, w, bias, 0, isotach_first_pack_ranges(&plan), &packed)
          let step = Int64(one.channels * one.height * one.width)
          for piece in (0..<isotach_first_pieces(&plan)).reversed() {
            var scratch = [Float](repeating: .nan, count: Int(isotach_first_scratch(&plan)))
            isotach_first_run(&plan, piece, one.x, step, packed, &epilogue, &y, &scratch)
          }
        }
      }
      #expect(relativeError(found, expected) < 2e-6, "level \(level)")
    }
  }

  static let lasts = [
    ConvolutionCase(
      channels: 1, filters: 1, height: 1, width: 1, kernel: (1, 1), before: (0, 0), after: (0, 0)),
    ConvolutionCase(images: 2, channels: 20, filters: 3, height: 9, width: 11, halo: (1, 1)),
    ConvolutionCase(
      channels: 64, filters: 2, height: 23, width: 21, kernel: (1, 1), before: (0, 0), after: (0, 0),
      activation: ISOTACH_RELU, hasResidual: true),
    ConvolutionCase(
      channels: 33, filters: 5, height: 12, width: 9, kernel: (5, 3), stride: (1, 2), dilation: (2, 1),
      before: (4, 1), after: (0, 2), activation: ISOTACH_CLIP),
    ConvolutionCase(
      channels: 50, filters: 4, height: 15, width: 14, stride: (2, 2), activation: ISOTACH_LEAKY,
      hasBias: false),
    ConvolutionCase(channels: 16, filters: 16, height: 6, width: 5, isTurned: true),
    // Wide enough for planes.
    ConvolutionCase(
      images: 2, channels: 35, filters: 1, height: 19, width: 37, kernel: (5, 5), before: (2, 2),
      after: (2, 2)),
    ConvolutionCase(
      channels: 32, filters: 2, height: 35, width: 270, kernel: (1, 1), before: (0, 0), after: (0, 0),
      activation: ISOTACH_LEAKY, hasResidual: true),
    ConvolutionCase(
      channels: 18, filters: 3, height: 9, width: 40, kernel: (4, 3), before: (1, 2), after: (2, 0),
      halo: (1, 1)),
    ConvolutionCase(
      channels: 16, filters: 1, height: 20, width: 33, kernel: (3, 9), dilation: (2, 1), before: (2, 4),
      after: (2, 4), isTurned: true),
    ConvolutionCase(channels: 3, filters: 1, height: 17, width: 16, activation: ISOTACH_RELU, hasBias: false),
  ]

  @Test(arguments: lasts) func last(one: ConvolutionCase) {
    let expected = one.reference()
    for level in cpuLevels {
      let found = atLevel(level) {
        let input = BlockedValue(
          one.x, channels: one.channels, images: one.images, height: one.height, width: one.width,
          halo: one.halo)
        var (shape, plan, epilogue) = (one.shape, isotach_last(), one.epilogue)
        var y = [Float](repeating: .nan, count: expected.count)
        guard isotach_last_plan(&shape, &plan) == 1 else { return y }
        var packed = [Float](repeating: .nan, count: Int(isotach_last_packed(&plan)))
        isotach_last_pack(&plan, one.w, one.bias, 0, isotach_last_pack_ranges(&plan), &packed)
        let step = Int64(one.filters * one.outHeight * one.outWidth)
        for piece in (0..<isotach_last_pieces(&plan)).reversed() {
          var scratch = [Float](repeating: .nan, count: Int(isotach_last_scratch(&plan)))
          isotach_last_run(
            &plan, piece, &input.layout, packed, &epilogue, one.residual, &y, step, &scratch)
        }
        return y
      }
      #expect(relativeError(found, expected) < 2e-6, "level \(level)")
    }
  }

  static let plains = [
    ConvolutionCase(
      images: 3, channels: 8, filters: 8, height: 32, width: 32, kernel: (5, 5), before: (0, 0),
      after: (0, 0),
      activation: ISOTACH_RELU),
    ConvolutionCase(channels: 1, filters: 1, height: 2, width: 16),
    ConvolutionCase(
      images: 2, channels: 19, filters: 5, height: 23, width: 37, before: (2, 1), after: (0, 1),
      activation: ISOTACH_LEAKY, hasBias: false),
    ConvolutionCase(
      channels: 3, filters: 16, height: 18, width: 145, kernel: (2, 7), dilation: (2, 1), before: (1, 3),
      after: (1, 3), activation: ISOTACH_CLIP),
    ConvolutionCase(
      images: 2, channels: 17, filters: 2, height: 33, width: 48, kernel: (1, 1), before: (0, 0),
      after: (0, 0)),
  ]

  /// Between plain values, alone and with the maxima of 2 x 2.
  @Test(arguments: plains) func plain(one: ConvolutionCase) {
    let expected = one.reference()
    let (height, width) = (one.outHeight / 2, one.outWidth / 2)
    for level in cpuLevels {
      func run(pools: Bool) -> [Float] {
        var (shape, plan, epilogue) = (one.shape, isotach_last(), one.epilogue)
        let plane = pools ? height * width : one.outHeight * one.outWidth
        var y = [Float](repeating: .nan, count: one.images * one.filters * plane)
        guard isotach_plain_plan(&shape, pools ? 1 : 0, &plan) == 1 else { return y }
        var packed = [Float](repeating: .nan, count: Int(isotach_last_packed(&plan)))
        isotach_last_pack(&plan, one.w, one.bias, 0, isotach_last_pack_ranges(&plan), &packed)
        for piece in (0..<isotach_last_pieces(&plan)).reversed() {
          var scratch = [Float](repeating: .nan, count: Int(isotach_last_scratch(&plan)))
          isotach_plain_run(
            &plan, piece, one.x, Int64(one.channels * one.height * one.width), packed, &epilogue, nil, &y,
            Int64(one.filters * plane), &scratch)
        }
        return y
      }
      let (whole, pooled) = atLevel(level) { (run(pools: false), run(pools: true)) }
      #expect(relativeError(whole, expected) < 2e-6, "level \(level)")
      var maxima: [Float] = []
      for plane in 0..<one.images * one.filters {
        for row in 0..<height {
          for column in 0..<width {
            let at = (plane * one.outHeight + 2 * row) * one.outWidth + 2 * column
            maxima.append(
              max(whole[at], whole[at + 1], whole[at + one.outWidth], whole[at + one.outWidth + 1]))
          }
        }
      }
      #expect(pooled == maxima, "level \(level)")
    }
  }

  @Test func plainIsForNarrowKernelsWithoutStride() {
    for change: (inout isotach_convolution) -> Void in [
      { $0.stride_x = 2 }, { $0.groups = 8 }, { $0.out_width = 12 }, { $0.filters = 17 },
    ] {
      var (shape, plan) = (Self.plains[0].shape, isotach_last())
      #expect(isotach_plain_plan(&shape, 1, &plan) == 1)
      change(&shape)
      #expect(isotach_plain_plan(&shape, 1, &plan) == 0)
    }
  }

  static let depthwises = [
    ConvolutionCase(channels: 1, filters: 1, height: 1, width: 1, groups: 1),
    ConvolutionCase(
      images: 2, channels: 20, filters: 20, height: 9, width: 21, groups: 20, activation: ISOTACH_RELU),
    ConvolutionCase(
      channels: 33, filters: 33, height: 11, width: 31, kernel: (7, 5), stride: (2, 2), before: (3, 3),
      after: (3, 3),
      groups: 33, halo: (1, 2), hasResidual: true),
    ConvolutionCase(
      channels: 16, filters: 16, height: 4, width: 5, dilation: (3, 3), before: (5, 5), after: (5, 5),
      groups: 16,
      isTurned: true),
  ]

  @Test(arguments: depthwises) func depthwise(one: ConvolutionCase) {
    let expected = one.reference()
    for level in cpuLevels {
      let found = atLevel(level) {
        one.run { x, w, bias, epilogue, y in
          var (shape, plan) = (one.shape, isotach_depthwise())
          guard isotach_depthwise_plan(&shape, &plan) == 1 else { return }
          var packed = [Float](repeating: .nan, count: Int(isotach_depthwise_packed(&plan)))
          isotach_depthwise_pack(&plan, w, bias, &packed)
          let rows = isotach_blocked_rows(&y)
          isotach_depthwise_run(&plan, rows / 3, rows, &x, packed, &epilogue, &y)
          isotach_depthwise_run(&plan, 0, rows / 3, &x, packed, &epilogue, &y)
        }
      }
      #expect(relativeError(found, expected) < 2e-6, "level \(level)")
    }
  }
}
