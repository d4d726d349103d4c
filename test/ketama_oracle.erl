%% The clients' rings in plain Erlang, written to be read. The tests hold the NIF against it.
%%
%% A ring is the tuple of its {Point, Server}, ascending, with the options that made it.
-module(ketama_oracle).

-export([new/1, new/2, of_points/1, points/1, getserver/2, point/2, hash/2, hash_by/2]).

new(Servers) ->
    new(Servers, #{}).

new(Servers, Options) ->
    Dialect = maps:get(dialect, Options, libketama),
    Hash = maps:get(hash, Options, default_hash(Dialect)),
    %% keysort is stable: of equal points the one of the earlier server comes first.
    Points = lists:keysort(1, points_of(Dialect, Hash, in_order(Dialect, Servers))),
    {list_to_tuple(Points), Options#{dialect => Dialect, hash => Hash}}.

%% libketama's ring of these points.
of_points(Points) ->
    {list_to_tuple(Points), #{dialect => libketama, hash => md5}}.

points({Points, _}) ->
    tuple_to_list(Points).

getserver(Ring, Key) ->
    {_, Server} = point(Ring, Key),
    Server.

%% The first point that is not below the key's place, or the first of all.
point({Points, Options} = Ring, Key) ->
    Size = tuple_size(Points),
    Place =
        case Options of
            #{dialect := modula} -> hash(Ring, Key) rem Size;
            #{} -> hash(Ring, Key)
        end,
    case first(Points, Place, 1, Size + 1) of
        Past when Past > Size -> element(1, Points);
        Index -> element(Index, Points)
    end.

first(_Points, _Place, Low, Low) ->
    Low;
first(Points, Place, Low, High) ->
    Middle = (Low + High) div 2,
    case element(1, element(Middle, Points)) < Place of
        true -> first(Points, Place, Middle + 1, High);
        false -> first(Points, Place, Low, Middle)
    end.

%% The dialects.

default_hash(twemproxy) -> fnv1a_64;
default_hash(libmemcached_consistent) -> one_at_a_time;
default_hash(modula) -> one_at_a_time;
default_hash(_) -> md5.

%% The servers in the order in which they win a point that they share.
in_order(spymemcached, Servers) ->
    lists:reverse(Servers);
in_order(twemproxy, Servers) ->
    Sizes = [{byte_size(Label), Label, Server} || {Name, _} = Server <- Servers, Label <- [label(twemproxy, Name)]],
    [Server || {_, _, Server} <- lists:sort(fun({S1, L1, _}, {S2, L2, _}) -> {S1, L1} =< {S2, L2} end, Sizes)];
in_order(_, Servers) ->
    Servers.

points_of(modula, _Hash, Servers) ->
    Slots = lists:append([lists:duplicate(Weight, Name) || {Name, Weight} <- Servers]),
    lists:zip(lists:seq(0, length(Slots) - 1), Slots);
points_of(Dialect, Hash, Servers) ->
    N = length(Servers),
    Weights = [Weight || {_, Weight} <- Servers],
    [
        {Point, Name}
     || {Name, Weight} <- Servers,
        I <- lists:seq(0, labels(Dialect, Weight, Weights, N) - 1),
        Point <- label_points(Dialect, Hash, <<(label(Dialect, Name))/binary, $-, (integer_to_binary(I))/binary>>)
    ].

label_points(libmemcached_consistent, Hash, Label) -> [hash_by(Hash, Label)];
label_points(_, _Hash, Label) -> words(erlang:md5(Label)).

label(libketama, Name) -> iolist_to_binary(Name);
label(spymemcached, Name) -> re:replace(Name, "^/", "", [{return, binary}]);
label(_, Name) -> re:replace(Name, ":11211$", "", [{return, binary}]).

%% Each client's mix of float and double. Exact for weights below 2^53, which a double holds.
labels(libmemcached_consistent, _Weight, _Weights, _N) ->
    100;
labels(spymemcached, Weight, Weights, N) ->
    case lists:usort(Weights) of
        [Weight] -> 40;
        _ -> labels(twemproxy, Weight, Weights, N)
    end;
labels(Dialect, Weight, Weights, N) ->
    Part = float32(float32(Weight) / float32(lists:sum(Weights))),
    Single = float32(float32(float32(Part * 160) / 4) * N),
    trunc(
        float32(
            case Dialect of
                libketama -> Part * 40.0 * float32(N);
                libmemcached -> Single + float32(1.0e-10);
                twemproxy -> Single + 1.0e-10
            end
        )
    ).

float32(Number) ->
    <<Float:32/float>> = <<Number:32/float>>,
    Float.

%% The hashes of keys, as libmemcached and twemproxy have them.

hash({_, #{hash := Hash} = Options}, Key) ->
    hash_by(Hash, tag(Options, iolist_to_binary(Key))).

tag(#{hash_tag := <<Open, Close>>}, Key) ->
    %% A closing byte only counts behind the first opening one.
    case binary:split(Key, <<Open>>) of
        [_, Rest] ->
            case binary:split(Rest, <<Close>>) of
                [Part, _] when Part =/= <<>> -> Part;
                _ -> Key
            end;
        [_] ->
            Key
    end;
tag(_, Key) ->
    Key.

hash_by(md5, Key) -> hd(words(erlang:md5(Key)));
hash_by(crc32, Key) -> erlang:crc32(Key);
hash_by(crc15, Key) -> (erlang:crc32(Key) bsr 16) band 16#7FFF;
hash_by(crc16, Key) -> fold(fun crc16/2, 0, Key);
hash_by(fnv1_32, Key) -> fnv1(Key, 16#811C9DC5, 16#01000193);
hash_by(fnv1a_32, Key) -> fnv1a(Key, 16#811C9DC5, 16#01000193);
hash_by(fnv1_64, Key) -> fnv1(Key, 16#CBF29CE484222325, 16#100000001B3);
hash_by(fnv1a_64, Key) -> fnv1a(Key, 16#84222325, 16#1B3);
hash_by(one_at_a_time, Key) ->
    H1 = fold(fun(Byte, H) -> xor_right(add_left(word(H + signed(Byte)), 10), 6) end, 0, Key),
    add_left(xor_right(add_left(H1, 3), 11), 15);
hash_by(murmur, Key) -> murmur(Key, word(16#DEADBEEF * byte_size(Key)) bxor byte_size(Key));
hash_by(hsieh, Key) -> hsieh(Key, 0);
hash_by(jenkins, Key) ->
    Start = word(16#DEADBEEF + byte_size(Key) + 13),
    jenkins(Key, {Start, Start, Start}).

word(N) -> N band 16#FFFFFFFF.

%% C's char has a sign.
signed(Byte) when Byte < 128 -> Byte;
signed(Byte) -> Byte - 256.

fold(Fun, First, Key) -> lists:foldl(Fun, First, binary_to_list(Key)).

add_left(H, Bits) -> word(H + (H bsl Bits)).
add_right(H, Bits) -> word(H + (H bsr Bits)).
xor_left(H, Bits) -> word(H bxor (H bsl Bits)).
xor_right(H, Bits) -> H bxor (H bsr Bits).
rotate(H, Bits) -> word(H bsl Bits) bor (H bsr (32 - Bits)).

fnv1(Key, Start, Prime) ->
    word(fold(fun(Byte, H) -> ((H * Prime) band 16#FFFFFFFFFFFFFFFF) bxor (signed(Byte) band 16#FFFFFFFFFFFFFFFF) end, Start, Key)).

fnv1a(Key, Start, Prime) ->
    fold(fun(Byte, H) -> word((H bxor signed(Byte)) * Prime) end, Start, Key).

%% The upper half of the register is never cleared.
crc16(Byte, H) ->
    word(H bsl 8) bxor lists:foldl(fun(_, Crc) -> crc16_bit(Crc) end, (((H bsr 8) bxor Byte) band 255) bsl 8, lists:seq(1, 8)).

crc16_bit(Crc) when Crc band 16#8000 =:= 0 -> (Crc bsl 1) band 16#FFFF;
crc16_bit(Crc) -> ((Crc bsl 1) bxor 16#1021) band 16#FFFF.

-define(M, 16#5BD1E995).

murmur(<<Word:32/little, Rest/binary>>, H) ->
    K = word(Word * ?M),
    murmur(Rest, word(H * ?M) bxor word(xor_right(K, 24) * ?M));
murmur(<<>>, H) ->
    xor_right(word(xor_right(H, 13) * ?M), 15);
murmur(Tail, H) ->
    Size = 8 * byte_size(Tail),
    <<Word:Size/little>> = Tail,
    murmur(<<>>, word((H bxor Word) * ?M)).

hsieh(<<A:16/little, B:16/little, Rest/binary>>, H) ->
    H1 = word(H + A),
    hsieh(Rest, add_right(word((H1 bsl 16) bxor ((B bsl 11) bxor H1)), 11));
hsieh(<<A:16/little, B>>, H) ->
    H1 = word(H + A),
    hsieh(<<>>, add_right(word(H1 bxor (H1 bsl 16) bxor (signed(B) bsl 18)), 11));
hsieh(<<A:16/little>>, H) ->
    hsieh(<<>>, add_right(xor_left(word(H + A), 11), 17));
hsieh(<<A>>, H) ->
    hsieh(<<>>, add_right(xor_left(word(H + A), 10), 1));
hsieh(<<>>, H) ->
    add_right(xor_left(add_right(xor_left(add_right(xor_left(H, 3), 5), 4), 17), 25), 6).

jenkins(<<>>, {_, _, C}) ->
    C;
jenkins(<<A1:32/little, B1:32/little, C1:32/little, Rest/binary>>, {A, B, C}) when Rest =/= <<>> ->
    %% Each step subtracts, then turns a, b and c by one place.
    {A2, B2, C2} = lists:foldl(
        fun(Bits, {X, Y, Z}) ->
            X1 = word(X - Z) bxor rotate(Z, Bits),
            {Y, word(Z + Y), X1}
        end,
        {word(A + A1), word(B + B1), word(C + C1)},
        [4, 6, 8, 16, 19, 4]
    ),
    jenkins(Rest, {A2, B2, C2});
jenkins(Tail, {A, B, C}) ->
    Zeros = 8 * (12 - byte_size(Tail)),
    <<A1:32/little, B1:32/little, C1:32/little>> = <<Tail/binary, 0:Zeros>>,
    final({word(A + A1), word(B + B1), word(C + C1)}).

final({A, B, C}) ->
    C1 = word((C bxor B) - rotate(B, 14)),
    A1 = word((A bxor C1) - rotate(C1, 11)),
    B1 = word((B bxor A1) - rotate(A1, 25)),
    C2 = word((C1 bxor B1) - rotate(B1, 16)),
    A2 = word((A1 bxor C2) - rotate(C2, 4)),
    B2 = word((B1 bxor A2) - rotate(A2, 14)),
    word((C2 bxor B2) - rotate(B2, 24)).

words(Digest) ->
    [Word || <<Word:32/little>> <= Digest].
