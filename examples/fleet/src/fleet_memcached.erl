%% @private memcached's text protocol: a request over a socket, and its answer.
%%
%% Between requests the socket's owner gets a message when the socket is closed. During a request, the caller reads it.
-module(fleet_memcached).

-export([connect/1, ask/2, is_key/1]).

-export_type([request/0]).

-type request() ::
    version
    | {get, [binary()]}
    | {set | add, [{Key :: binary(), Value :: binary()}], Seconds :: non_neg_integer()}
    | {delete, [binary()]}.
%% The answer to `get' is a map of the keys that were found. The answer to the others is a list of memcached's lines,
%% one for each key, such as `<<"STORED">>'.

%% How long a server may be silent, in milliseconds.
-define(TIMEOUT, 2000).

%% How many keys are sent before an answer is read. With more, each side could wait for the other to read.
-define(AT_ONCE, 100).

%% @doc Connects, and waits until the server has answered: one that hangs still takes connections.
-spec connect(ketama:server()) -> {ok, gen_tcp:socket()} | {error, term()}.
connect(Server) ->
    {Address, Port} = ketama:address(Server),
    Options = [binary, {active, once}, {nodelay, true}, {buffer, 16#10000}, {send_timeout, ?TIMEOUT}],
    greet(gen_tcp:connect(Address, Port, Options, ?TIMEOUT)).

greet({ok, Socket}) ->
    case ask(Socket, version) of
        {ok, _} ->
            {ok, Socket};
        {error, Reason} ->
            ok = gen_tcp:close(Socket),
            {error, Reason}
    end;
greet({error, Reason}) ->
    {error, Reason}.

%% @doc The bytes that memcached takes for a key. Any other could end the line and start a command.
-spec is_key(term()) -> boolean().
is_key(Key) ->
    is_binary(Key) andalso byte_size(Key) >= 1 andalso byte_size(Key) =< 250 andalso
        not lists:any(fun(Byte) -> Byte =< $\s orelse Byte =:= 127 end, binary_to_list(Key)).

%% @doc Asks the server. The socket is of no use after an error.
-spec ask(gen_tcp:socket(), request()) ->
    {ok, #{Key :: binary() => Value :: binary()} | [Line :: binary()]} | {error, term()}.
ask(Socket, Request) ->
    try
        ok(inet:setopts(Socket, [{active, false}])),
        Answer = answer(Socket, Request),
        ok(inet:setopts(Socket, [{active, once}])),
        {ok, Answer}
    catch
        throw:{error, Reason} -> {error, Reason}
    end.

answer(Socket, version) ->
    lines(Socket, ["version\r\n"]);
answer(Socket, {get, Keys}) ->
    lists:foldl(fun(Some, Found) -> get(Socket, Some, Found) end, #{}, some(Keys));
answer(Socket, {delete, Keys}) ->
    lists:append([lines(Socket, [["delete ", Key, "\r\n"] || Key <- Some]) || Some <- some(Keys)]);
answer(Socket, {Store, Pairs, Seconds}) ->
    lists:append([lines(Socket, [store(Store, Pair, Seconds) || Pair <- Some]) || Some <- some(Pairs)]).

store(Store, {Key, Value}, Seconds) ->
    [io_lib:format("~s ~s 0 ~b ~b\r\n", [Store, Key, Seconds, byte_size(Value)]), Value, "\r\n"].

get(Socket, Keys, Found) ->
    ok(gen_tcp:send(Socket, ["get", [[$\s, Key] || Key <- Keys], "\r\n"])),
    values(Socket, <<>>, Found).

values(Socket, Read, Found) ->
    case line(Socket, Read) of
        {<<"END">>, <<>>} ->
            Found;
        {<<"VALUE ", Item/binary>>, More} ->
            [Key, _Flags, Size] = binary:split(Item, <<" ">>, [global]),
            {Value, Rest} = value(Socket, More, binary_to_integer(Size)),
            %% Copies, since a part of a binary keeps the whole of it in memory.
            values(Socket, Rest, Found#{binary:copy(Key) => binary:copy(Value)});
        {Line, _} ->
            throw({error, Line})
    end.

lines(Socket, Commands) ->
    ok(gen_tcp:send(Socket, Commands)),
    {Lines, <<>>} = lists:mapfoldl(fun(_, Read) -> line(Socket, Read) end, <<>>, Commands),
    Lines.

line(Socket, Read) ->
    case binary:split(Read, <<"\r\n">>) of
        [Line, Rest] -> {Line, Rest};
        [_] -> line(Socket, more(Socket, Read, 0))
    end.

value(Socket, Read, Size) ->
    case Size + 2 - byte_size(Read) of
        Rest when Rest > 0 ->
            value(Socket, more(Socket, Read, Rest), Size);
        _ ->
            <<Value:Size/binary, "\r\n", More/binary>> = Read,
            {Value, More}
    end.

%% Reads this many bytes, or for 0 whatever has arrived.
more(Socket, Read, Bytes) ->
    case gen_tcp:recv(Socket, Bytes, ?TIMEOUT) of
        {ok, More} -> <<Read/binary, More/binary>>;
        {error, Reason} -> throw({error, Reason})
    end.

ok(ok) -> ok;
ok({error, Reason}) -> throw({error, Reason}).

some(All) when length(All) > ?AT_ONCE ->
    {Some, More} = lists:split(?AT_ONCE, All),
    [Some | some(More)];
some(All) ->
    [All].
