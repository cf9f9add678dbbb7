import math

import torch

from hepaphase.nn.attention import Attention, FeedForward, sine_positions


def slow_attention(block: Attention, x: torch.Tensor, tokens: torch.Tensor, allowed: torch.Tensor) -> torch.Tensor:
    """One head, one query at a time."""
    q, k, v = block.query(x), block.key(tokens), block.value(tokens)
    size = q.shape[2] // block.num_heads
    read = torch.zeros_like(q)
    for b in range(x.shape[0]):
        for i in range(x.shape[1]):
            for h in range(block.num_heads):
                part = slice(h * size, (h + 1) * size)
                seen = allowed[b, i].nonzero().flatten()
                score = k[b, seen, part] @ q[b, i, part] / math.sqrt(size)
                read[b, i, part] = score.softmax(0) @ v[b, seen, part]
    return block.norm(x + block.out(read))


def test_attention_equals_the_plain_sum_over_allowed_tokens() -> None:
    torch.manual_seed(0)
    block = Attention(12, 3)
    x, tokens = torch.randn(2, 4, 12), torch.randn(2, 7, 12)
    allowed = torch.rand(2, 4, 7) < 0.5
    allowed[..., 0] = True
    nowhere_x, nowhere = torch.zeros_like(x), torch.zeros_like(tokens)
    out = block(x, tokens, where_x=nowhere_x, where_tokens=nowhere, allowed=allowed)
    torch.testing.assert_close(out, slow_attention(block, x, tokens, allowed), atol=1e-5, rtol=1e-5)


def test_tokens_out_of_sight_do_not_matter() -> None:
    torch.manual_seed(0)
    block = Attention(8, 2)
    x, tokens, allowed = torch.randn(1, 2, 8), torch.randn(1, 3, 8), torch.tensor([[[True, False, True]] * 2])
    changed = tokens.clone()
    changed[:, 1] += 100
    where = torch.zeros_like(tokens)
    one = block(x, tokens, where_x=torch.zeros_like(x), where_tokens=where, allowed=allowed)
    two = block(x, changed, where_x=torch.zeros_like(x), where_tokens=where, allowed=allowed)
    torch.testing.assert_close(one, two)


def test_feed_forward_is_normalised() -> None:
    out = FeedForward(16, 8)(torch.randn(2, 3, 16))
    torch.testing.assert_close(out.mean(2), torch.zeros(2, 3), atol=1e-5, rtol=0)


def test_every_voxel_has_its_own_position() -> None:
    places = sine_positions((3, 4, 5), 20)
    assert places.shape == (60, 20)
    apart = torch.cdist(places, places) + torch.eye(60)
    assert float(apart.min()) > 0.01
    assert torch.equal(places[:, 18:], torch.zeros(60, 2))
