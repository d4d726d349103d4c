%% @private From a servers file or a list of servers to a continuum. What is to be warned of is logged.
-module(ketama_source).

-export([new/2, new/3, binaries/1]).

-export_type([read/0]).

-include_lib("kernel/include/logger.hrl").

%% What was read of a servers file.
-type read() :: {ok, binary()} | {error, file:posix() | badarg | terminated | system_limit}.

-spec new(ketama:source(), ketama:options()) -> {ok, ketama:continuum()} | {error, ketama:reason()}.
new(Source, Options) ->
    with_nif(Options, fun(Map) -> new_from_source(Source, Map) end).

%% Of a file that the caller has read.
-spec new(file:filename_all(), read(), ketama:options()) ->
    {ok, ketama:continuum()} | {error, ketama:reason()}.
new(Path, Read, Options) ->
    with_nif(Options, fun(Map) -> new_from_file(Path, Read, Map) end).

%% Flattens what is no binary in a list of iodata.
-spec binaries([iodata()]) -> [binary()].
binaries([Data | More]) -> [iolist_to_binary(Data) | binaries(More)];
binaries([]) -> [];
binaries(Tail) -> error(badarg, [Tail]).

with_nif(Options, Make) ->
    Map = ketama_options:to_map(Options),
    case code:ensure_loaded(ketama_nif) of
        {module, _} ->
            ok = ketama_nif:check_options(Map),
            Make(Map);
        {error, _} ->
            {error, {nif_not_loaded, "run `rebar3 compile' in ketama's folder"}}
    end.

new_from_source(Path, Options) when is_binary(Path) ->
    new_from_file(Path, file:read_file(Path), Options);
new_from_source([First | _] = Path, Options) when is_integer(First); is_list(First) ->
    new_from_file(Path, file:read_file(Path), Options);
new_from_source(Servers, Options) when is_list(Servers) ->
    made("a list of servers", ketama_nif:new(Servers, Options), Options);
new_from_source(Source, _Options) ->
    error(badarg, [Source]).

new_from_file(Path, {ok, Contents}, Options) ->
    case made(ketama_error:path(Path), ketama_nif:parse(Contents, Options), Options) of
        {error, {invalid_line, LineNo, Fault}} -> {error, {invalid_line, LineNo, {Fault, Path}}};
        Made -> Made
    end;
new_from_file(Path, {error, Posix}, _Options) when is_atom(Posix), Posix =/= badarg ->
    {error, {servers_file, Path, Posix}};
new_from_file(Path, _Read, _Options) ->
    error(badarg, [Path]).

made(Source, {ok, Continuum, Warnings}, Options) ->
    Dialect = maps:get(dialect, Options, libketama),
    lists:foreach(fun(Warning) -> warn(Source, Dialect, Warning) end, Warnings),
    {ok, Continuum};
made(_Source, {error, Reason}, _Options) ->
    {error, Reason}.

warn(Source, _Dialect, {line, LineNo, {cut_weight, Written, Read}}) ->
    ?LOG_WARNING(
        "ketama: ~ts, line ~b: the weight is written ~ts and read ~b, as libketama reads it: it "
        "cuts off the last byte, taking it for the newline. End the line right after the weight.",
        [Source, LineNo, Written, Read]
    );
warn(Source, _Dialect, {line, LineNo, long_line}) ->
    ?LOG_WARNING(
        "ketama: ~ts, line ~b is read whole, but libketama takes what follows 126 bytes for "
        "another line. Shorten it if other clients read this file.",
        [Source, LineNo]
    );
warn(Source, Dialect, {too_many_servers, Limit}) ->
    ?LOG_WARNING(
        "ketama: ~ts has more than ~b servers, the most that ~s takes: it cannot have this ring.",
        [Source, Limit, Dialect]
    );
warn(Source, Dialect, {total_too_large, Limit}) ->
    ?LOG_WARNING(
        "ketama: the weights of ~ts add up to more than ~b, the most that ~s counts: it cannot have "
        "this ring. Give all servers proportionally smaller weights.",
        [Source, Limit, Dialect]
    );
warn(Source, Dialect, {label_too_long, Server, Limit}) ->
    ?LOG_WARNING(
        "ketama: ~ts: ~s hashes the name of a server with a hyphen and a number behind it, and has "
        "room for ~b bytes of that: it cannot have this ring. Shorten ~s.",
        [Source, Dialect, Limit, Server]
    ).
