%% libketama's algorithm in plain Erlang, written to be fast: the baseline of the benchmark.
-module(plain).

-export([new/1, getserver/2]).

-define(OWNER_BITS, 27).
-define(OWNER_MASK, 16#7FFFFFF).

%% The points and the servers that own them, each a tuple in ascending order of the points.
%%
%% For sorting, a point and its owner are packed into one integer of less than 60 bits, so that it is not a bignum.
new(Servers) ->
    N = length(Servers),
    Total = lists:sum([Weight || {_, Weight} <- Servers]),
    Owners = list_to_tuple([Name || {Name, _} <- Servers]),
    Sorted = lists:sort(points(Servers, Total, N, 1, [])),
    {
        list_to_tuple([Point bsr ?OWNER_BITS || Point <- Sorted]),
        list_to_tuple([element(Point band ?OWNER_MASK, Owners) || Point <- Sorted])
    }.

points([{Name, Weight} | Servers], Total, N, Owner, Points) ->
    Blocks = blocks(Weight, Total, N),
    points(Servers, Total, N, Owner + 1, labels(<<Name/binary, $->>, Blocks - 1, Owner, Points));
points([], _Total, _N, _Owner, Points) ->
    Points.

labels(_Name, -1, _Owner, Points) ->
    Points;
labels(Name, Block, Owner, Points) ->
    <<A:32/little, B:32/little, C:32/little, D:32/little>> = erlang:md5([Name, integer_to_binary(Block)]),
    labels(Name, Block - 1, Owner, [
        A bsl ?OWNER_BITS bor Owner,
        B bsl ?OWNER_BITS bor Owner,
        C bsl ?OWNER_BITS bor Owner,
        D bsl ?OWNER_BITS bor Owner
        | Points
    ]).

blocks(Weight, Total, N) ->
    trunc(float32(float32(float32(Weight) / float32(Total)) * 40.0 * N)).

float32(Number) ->
    <<Float:32/float>> = <<Number:32/float>>,
    Float.

getserver({Points, Owners}, Key) ->
    <<Hash:32/little, _/binary>> = erlang:md5(Key),
    find(Points, Owners, Hash, 1, tuple_size(Points) + 1).

find(Points, Owners, Hash, Low, High) when Low < High ->
    Middle = (Low + High) bsr 1,
    case element(Middle, Points) < Hash of
        true -> find(Points, Owners, Hash, Middle + 1, High);
        false -> find(Points, Owners, Hash, Low, Middle)
    end;
find(_Points, Owners, _Hash, Low, _High) when Low =< tuple_size(Owners) ->
    element(Low, Owners);
find(_Points, Owners, _Hash, _Low, _High) ->
    element(1, Owners).
